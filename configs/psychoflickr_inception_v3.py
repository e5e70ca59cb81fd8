"""Table II's Inception-v3(personality): PsychoFlickr's traits alone, one of the ten folds.

    python -m launch.train --config=configs/psychoflickr_inception_v3.py --workdir=runs/traits

The paper, mean over the folds, SROCC of O C E A N: 0.536 0.654 0.703 0.651 0.709.
configs/sweeps/folds.py trains PA_IAA, with AVA beside it, on all ten.
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "inception_v3"
  config.model.pretrained = "weights/inception_v3"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  config.train.tasks = "auxiliary"
  return config
