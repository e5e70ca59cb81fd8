"""Table V's PA_IAA: FLICKR-AES with PsychoFlickr as the partner task.

    python -m launch.train --config=configs/flickr_aes_inception_v3.py --workdir=runs/flickr_aes

The paper: SROCC 0.716 for the generic score (Table III); personalised 0.543 at 10 ratings and 0.639
at 100 (Table V), by launch.personalize with the same config and workdir.
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "inception_v3"
  config.model.pretrained = "weights/inception_v3"
  config.data.aesthetics = "/data/prepared/flickr_aes"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config
