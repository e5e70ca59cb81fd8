r"""The `released` preset: the authors' published scripts on AVA, where they differ from the paper.

    python -m launch.convert_weights inception_v3.pth --backbone=inception_v3 --head \
        --out=weights/inception_v3_head
    python -m launch.train --config=configs/released_inception_v3.py --workdir=runs/released

Heads read the 1000 ImageNet logits, the personality head ends in BN - tanh, Adam. Their widths on
FLICKR-AES: "--config.model.head_widths=(1024, 512)". Not followed: the personality head at the
backbone's rate, rates multiplied by 0.5^epoch at each epoch (here by 0.5), one optimiser step a
task, and the choice of epoch on the test file.
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "inception_v3"
  config.model.pretrained = "weights/inception_v3_head"
  config.model.head_input = "logits"
  config.model.head_widths = (2048, 1024)
  config.model.aux_final_norm = True
  config.data.aesthetics = "/data/prepared/ava"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  config.optim.optimizer = "adam"
  config.optim.lr_heads = 1e-3
  config.optim.decay = 0.5
  return config
