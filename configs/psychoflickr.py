"""Table II's single task: PsychoFlickr's traits alone, one of the ten folds.

    python -m launch.train --config=configs/psychoflickr.py --workdir=runs/traits
    python -m launch.train --config=configs/psychoflickr.py:densenet121 --workdir=runs/traits_121

The paper, mean over the folds, SROCC of O C E A N: 0.536 0.654 0.703 0.651 0.709 with Inception-v3,
0.548 0.647 0.711 0.638 0.698 with DenseNet121. configs/sweeps/folds.py trains PA_IAA, with AVA
beside it, on all ten.
"""

from configs import presets


def get_config(arg="inception_v3"):
  config = presets.get_config(arg)
  config.data.auxiliary = "/data/prepared/psychoflickr"
  config.train.tasks = "auxiliary"
  return config
