"""The presets hold the paper's numbers, and each backbone's own input size."""

import runpy
from pathlib import Path

import pytest

from paiaa_jax.models.network import BACKBONES, Network

FOLDER = Path(__file__).parents[2] / "configs"
PRESETS = [
  f"{database}_{backbone}.py"
  for database in ("ava", "flickr_aes", "psychoflickr")
  for backbone in ("inception_v3", "densenet121")
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


def config_of(name):
  return runpy.run_path(str(FOLDER / name))["get_config"]()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_paper_s_numbers(name):
  config = config_of(name)
  optim = config.optim.to_dict()
  assert {field: optim[field] for field in PAPER} == PAPER
  assert tuple(config.model.head_widths) == (1024, 512)
  assert config.train.gamma == 1.0 and config.train.distribution_loss == "mse"


@pytest.mark.parametrize("name", [*PRESETS, "released_inception_v3.py"])
def test_a_preset_has_its_backbone_s_input_size_and_says_how_it_is_launched(name):
  config = config_of(name)
  backbone = BACKBONES[config.model.backbone]
  assert name.removesuffix(".py").endswith(config.model.backbone)
  assert (config.data.image_size, config.data.resize) == (backbone.INPUT_SIZE, backbone.RESIZE)
  assert f"--config=configs/{name} " in (FOLDER / name).read_text(encoding="utf-8")


def test_the_released_preset_reads_logits_and_normalises_the_traits():
  fields = config_of("released_inception_v3.py").model.to_dict()
  assert fields.pop("pretrained").endswith("_head")
  network = Network(**fields, num_buckets=10)
  assert (network.head_input, network.head_widths) == ("logits", (2048, 1024))
  assert network.aux_final_norm
