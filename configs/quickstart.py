"""The main job on simulated raters, small enough for two cores and five minutes.

    python -m launch.train --config=configs/quickstart.py --workdir=runs/quickstart

Expects the folders that `make quickstart` prepares under runs/quickstart/data. The rates and steps
are the quickstart's own: a few hundred images ask for larger steps than AVA's 235,000. The paper's
stand in configs/base.py. The variant :released has the layers of the heads of the authors' scripts;
their first weights stay the quickstart's.
"""

from configs import base, presets
from paiaa_jax.errors import UserError


def get_config(arg=""):
  if arg not in ("", "released"):
    raise UserError(f"unknown variant {arg!r}; after the colon stands 'released' or nothing.")
  config = base.get_config()
  config.model.backbone = "efficientnet_lite0"
  config.model.pooling = "multi_level"  # light and sharpness live in the shallow layers
  config.model.head_widths = ()  # linear: there are 300 photographs to learn from
  config.model.head_init = "flat"  # see docs/method.md
  config.data.aesthetics = "runs/quickstart/data/prepared/flickr_aes"
  config.data.auxiliary = "runs/quickstart/data/prepared/psychoflickr"
  config.data.trained_on = "simulated raters"
  config.data.validation = True  # what the rates were chosen by
  config.data.image_size = 112
  config.data.resize = 120
  config.optim.batch_size = 16
  config.optim.steps = 60
  config.optim.lr_backbone = 0.03
  config.optim.lr_heads = 0.0003
  config.optim.schedule = "cosine"
  config.train.eval_every = 60
  config.personalize.solvers = ("empirical_bayes", "ridge", "population_mean")
  config.personalize.prior = "test_shots"  # five trainings more would give the better one
  config.log.every = 10
  if arg == "released":
    config.model.pooling = "gap"
    presets.released_heads(config, widths=(64, 32))
  return config
