"""The presets hold the paper's numbers and the scripts', and each backbone's own input size."""

from pathlib import Path

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.network import BACKBONES, Network
from studies import config_file

FILES = ("ava", "flickr_aes", "psychoflickr")
VARIANTS = [
  f"configs/{name}.py:{backbone}{preset}"
  for name in FILES
  for backbone in ("inception_v3", "densenet121")
  for preset in ("", ",released")
]
PAPER = {  # Li et al., IEEE TIP 2020, section IV
  "optimizer": "sgd",
  "momentum": 0.9,
  "weight_decay": 1e-5,
  "epochs": 50.0,
  "lr_backbone": 1e-5,
  "lr_heads": 1e-4,
  "schedule": "exponential",
  "decay": 0.9,
}
RELEASED = PAPER | {"optimizer": "adam", "lr_heads": 1e-3, "decay": 0.5}  # Model_train.py


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_preset_has_its_source_s_numbers(variant):
  config = config_file.load(variant)
  optim = config.optim.to_dict()
  released = variant.endswith(",released")
  assert {field: optim[field] for field in PAPER} == (RELEASED if released else PAPER)
  wide = released and "flickr_aes" not in variant
  assert tuple(config.model.head_widths) == ((2048, 1024) if wide else (1024, 512))
  assert config.model.head_init == "torch" and not config.data.validation
  assert config.train.gamma == 1.0 and config.train.distribution_loss == "mse"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_its_backbone_at_that_one_s_input_size(variant):
  config = config_file.load(variant)
  backbone = BACKBONES[config.model.backbone]
  assert variant.partition(":")[2].removesuffix(",released") == config.model.backbone
  assert (config.data.image_size, config.data.resize) == (backbone.INPUT_SIZE, backbone.RESIZE)


@pytest.mark.parametrize("name", FILES)
def test_a_config_says_how_it_is_launched_and_is_the_paper_s_by_default(name):
  path = f"configs/{name}.py"
  assert f"launch.train --config={path} " in Path(path).read_text(encoding="utf-8")
  variants = [path, f"{path}:inception_v3", f"{path}:paper", f"{path}:paper,inception_v3"]
  assert len({config_file.load(variant).to_json() for variant in variants}) == 1


def test_the_released_preset_reads_logits_and_normalises_the_traits():
  fields = config_file.load("configs/ava.py:released").model.to_dict()
  assert fields.pop("pretrained") == "weights/inception_v3_head"
  assert (fields.pop("init_from"), fields.pop("init_parts")) == ("", "both")
  network = Network(**fields, num_buckets=10)
  assert (network.head_input, network.head_widths) == ("logits", (2048, 1024))
  assert network.aux_final_norm


@pytest.mark.parametrize("arg", ["resnet", "paper,released", "densenet121,inception_v3"])
def test_an_unknown_variant_is_told_with_those_there_are(arg):
  with pytest.raises(UserError, match=r"densenet121 and one of paper, released"):
    config_file.load(f"configs/ava.py:{arg}")
