"""Table II's DenseNet121(personality): PsychoFlickr's traits alone, one of the ten folds.

    python -m launch.train --config=configs/psychoflickr_densenet121.py --workdir=runs/traits

The paper, mean over the folds, SROCC of O C E A N: 0.548 0.647 0.711 0.638 0.698.
configs/sweeps/folds.py trains PA_IAA, with AVA beside it, on all ten.
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "densenet121"
  config.model.pretrained = "weights/densenet121"
  config.data.image_size = 224
  config.data.resize = 256
  config.data.auxiliary = "/data/prepared/psychoflickr"
  config.train.tasks = "auxiliary"
  return config
