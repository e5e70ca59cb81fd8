"""Table I's PA_IAA(DenseNet121): AVA with PsychoFlickr as the partner task.

    python -m launch.train --config=configs/ava_densenet121.py --workdir=runs/ava

The paper's test set: accuracy, SROCC and EMD 82.9 % / 0.666 / 0.049.
--config.train.tasks=aesthetics makes it the table's DenseNet121(aesthetics).
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "densenet121"
  config.model.pretrained = "weights/densenet121"
  config.data.image_size = 224
  config.data.resize = 256
  config.data.aesthetics = "/data/prepared/ava"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config
