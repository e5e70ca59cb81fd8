r"""Table I's PA_IAA: AVA with PsychoFlickr as the partner task.

    python -m launch.train --config=configs/ava.py --workdir=runs/ava
    python -m launch.train --config=configs/ava.py:densenet121 --workdir=runs/ava_densenet121

The paper's test set, accuracy, SROCC and EMD: 83.7 % / 0.677 / 0.047 with Inception-v3, 82.9 % /
0.666 / 0.049 with DenseNet121. --config.train.tasks=aesthetics makes it the table's
Inception-v3(aesthetics). By the authors' published scripts (see presets.py):

    python -m launch.convert_weights inception_v3.pth --backbone=inception_v3 --head \
        --out=weights/inception_v3_head
    python -m launch.train --config=configs/ava.py:released --workdir=runs/released
"""

from configs import presets


def get_config(arg="inception_v3"):
  config = presets.get_config(arg)
  config.data.aesthetics = "/data/prepared/ava"
  config.data.auxiliary = "/data/prepared/psychoflickr"
  return config
