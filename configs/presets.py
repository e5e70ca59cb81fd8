"""The two presets, on the paper's two backbones: what follows the colon of ava.py and its siblings.

    --config=configs/ava.py                          the paper's settings, Inception-v3
    --config=configs/ava.py:densenet121              the same, DenseNet121
    --config=configs/ava.py:inception_v3,released    the authors' published scripts

Launched by no one: see the configs beside this one. docs/method.md says where the two differ.
"""

from ml_collections import ConfigDict

from configs import base
from paiaa_jax.errors import UserError

SIDES = {  # backbone -> pixels: the network's input, and the square a training crop is cut from
  "inception_v3": (299, 350),
  "densenet121": (224, 256),
}
PRESETS = ("paper", "released")


def get_config(arg: str, widths: tuple[int, int] = (2048, 1024)) -> ConfigDict:
  """The preset and backbone that `arg` names, each at most once, in any order.

  Args:
    arg: names joined by a comma: a key of SIDES, and one of PRESETS ("paper" unless said).
    widths: of the heads in the `released` preset, which the scripts choose by database.

  Raises:
    UserError: `arg` holds another name, or two of a kind.
  """
  names = [name for name in arg.split(",") if name]
  backbones = [name for name in names if name in SIDES] or ["inception_v3"]
  presets = [name for name in names if name in PRESETS] or ["paper"]
  if len(backbones) > 1 or len(presets) > 1 or set(names) - {*backbones, *presets}:
    raise UserError(
      f"unknown variant {arg!r}; after the colon stand one of {', '.join(SIDES)} and one of "
      f"{', '.join(PRESETS)}, joined by a comma."
    )
  config = paper(*backbones)
  return released(config, widths) if presets == ["released"] else config


def paper(backbone: str) -> ConfigDict:
  """Li et al., IEEE TIP 2020: the defaults of base.py, with a backbone at its own input size."""
  config = base.get_config()
  config.model.backbone = backbone
  config.model.pretrained = f"weights/{backbone}"  # see launch.convert_weights
  config.data.image_size, config.data.resize = SIDES[backbone]
  return config


def released(config: ConfigDict, widths: tuple[int, int]) -> ConfigDict:
  """Changes the `paper` preset into that of the authors' published scripts.

  Not followed: the personality head at the backbone's rate, rates multiplied by 0.5^epoch at each
  epoch (here by 0.5), one optimiser step a task, and the choice of epoch on the test file.
  """
  released_heads(config, widths)
  config.model.pretrained += "_head"  # with the classifier: launch.convert_weights --head
  config.optim.optimizer = "adam"
  config.optim.lr_heads = 1e-3
  config.optim.decay = 0.5
  return config


def released_heads(config: ConfigDict, widths: tuple[int, int]) -> None:
  """Heads read the 1000 ImageNet logits; the personality head ends in BN - tanh."""
  config.model.head_input = "logits"
  config.model.head_widths = widths
  config.model.aux_final_norm = True
