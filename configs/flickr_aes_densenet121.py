"""Table V's training with DenseNet121: FLICKR-AES with PsychoFlickr as the partner task.

    python -m launch.train --config=configs/flickr_aes_densenet121.py --workdir=runs/flickr_aes

The paper has no figure for this backbone on FLICKR-AES; Inception-v3's are in the config beside it.
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.backbone = "densenet121"
  config.model.pretrained = "weights/densenet121"
  config.data.image_size = 224
  config.data.resize = 256
  config.data.aesthetics = "/data/prepared/flickr_aes"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config
