"""Table V's PA_IAA: FLICKR-AES with PsychoFlickr as the partner task.

    python -m launch.train --config=configs/flickr_aes.py --workdir=runs/flickr_aes

The paper: SROCC 0.716 for the generic score (Table III); personalised 0.543 at 10 ratings and 0.639
at 100 (Table V), by launch.personalize with the same config and workdir. For :densenet121 and for
:released (the authors' published scripts, see presets.py) it has no figure.
"""

from configs import presets


def get_config(arg="inception_v3"):
  config = presets.get_config(arg, widths=(1024, 512))
  config.data.aesthetics = "/data/prepared/flickr_aes"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config
