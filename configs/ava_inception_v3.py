"""Table I's PA_IAA(Inception-v3): AVA with PsychoFlickr as the partner task.

    python -m launch.train --config=configs/ava_inception_v3.py --workdir=runs/ava

The paper's test set: accuracy, SROCC and EMD 83.7 % / 0.677 / 0.047.
--config.train.tasks=aesthetics makes it the table's Inception-v3(aesthetics).
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "inception_v3"
  config.model.pretrained = "weights/inception_v3"
  config.data.aesthetics = "/data/prepared/ava"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config
