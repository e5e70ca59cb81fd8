r"""The paper's full schedule on real people's scores, on what two cores can train in hours.

    python -m launch.prepare_data --dataset=oasis --source=DIR --out=prepared --shorter_side=187
    python -m launch.train --config=configs/full_schedule.py --workdir=runs/paper

EfficientNet-Lite0 at 160 px stands in for Inception-v3 at 299; rates, decay, epochs, batches and
heads are the paper's (configs/base.py). The partner task is OASIS's norms. What came of it stands
in docs/method.md, beside its variants: after a colon, names joined by commas, each one change:

    rates       lr_heads .1 and lr_backbone .01, warmed up, in place of 1e-4 and 1e-5
    linear      heads of one layer, from zero, in place of 1024 and 512 units with dropout
    levels      every level of the backbone is read, not its last
    short       6 epochs in place of 50, the rates x .5 an epoch in place of .9
"""

from configs import base
from paiaa_jax.errors import UserError


def rates(config):
  config.optim.lr_backbone, config.optim.lr_heads, config.optim.warmup_steps = 0.01, 0.1, 20


def linear(config):
  config.model.head_widths, config.model.head_init = (), "flat"


def levels(config):
  config.model.pooling = "multi_level"


def short(config):
  config.optim.epochs, config.optim.decay = 6.0, 0.5


CHANGES = {change.__name__: change for change in (rates, linear, levels, short)}


def get_config(arg=""):
  config = base.get_config()
  config.model.backbone = "efficientnet_lite0"
  config.data.image_size, config.data.resize = 160, 187  # as 299 to 350
  config.data.aesthetics = config.data.auxiliary = "prepared/oasis"
  config.data.trained_on = "OASIS-beauty's raters"
  config.log.every = 1
  for name in filter(None, arg.split(",")):
    if name not in CHANGES:
      raise UserError(f"unknown change {name!r}; known are {', '.join(CHANGES)}.")
    CHANGES[name](config)
  return config
