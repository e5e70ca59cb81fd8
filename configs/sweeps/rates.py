"""Both learning rates around the paper's, three seeds each.

python -m launch.sweep --config=configs/sweeps/rates.py --workdir=runs/rates
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.pretrained = "weights/inception_v3"  # see launch.convert_weights
  config.data.aesthetics = "/data/prepared/ava"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config


def sweep():
  for lr_backbone in (1e-5, 1e-4, 1e-3):
    for lr_heads in (1e-4, 1e-3, 1e-2):
      for seed in range(3):
        yield {"optim.lr_backbone": lr_backbone, "optim.lr_heads": lr_heads, "seed": seed}
