"""A network of one's own photographs and scores, its backbone trained too; see docs/train.md.

    python -m launch.train --config=configs/table.py --workdir=runs/mine

Expects prepared/table, as `launch.prepare_data --dataset=table --out=prepared` writes it. The
backbone's ImageNet weights come from an installed package.
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "efficientnet_lite0"
  config.model.pooling = "multi_level"  # light and sharpness live in the shallow layers
  config.model.head_widths = ()  # linear, as hundreds of photographs allow no more
  config.model.head_init = "flat"
  config.data.aesthetics = "prepared/table"
  config.data.trained_on = "one's own table"
  config.data.image_size = 224
  config.data.resize = 256
  config.data.flip = True
  config.data.validation = True  # the model kept is that of the best SROCC there
  config.train.tasks = "aesthetics"
  config.train.eval_every = 100
  config.optim.batch_size = 16
  config.optim.epochs = 20.0
  config.optim.optimizer = "adamw"
  config.optim.weight_decay = 0.01
  config.optim.lr_backbone = 1e-4
  config.optim.lr_heads = 1e-3
  config.optim.warmup_steps = 20
  config.optim.schedule = "cosine"
  config.checkpoint.export = "best"
  return config
