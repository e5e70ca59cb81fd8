"""LAPIS by its published folds of people: paintings, a generic score, personal scores on top.

    for FOLD in 1 2 3 4: python -m launch.prepare_data --dataset=lapis --source=DIR \\
        --out=/data/prepared --option=fold=$FOLD --name=lapis_fold$FOLD
    python -m launch.train --config=configs/lapis.py --workdir=runs/lapis_fold1
    python -m launch.sweep --config=configs/sweeps/user_folds.py:lapis --workdir=runs/lapis
    python -m launch.personalize --config=configs/lapis.py --workdir=runs/lapis_fold1

No traits are known of its images, so nothing is learnt beside the score. Not the paper's: it has no
figure here.
"""

from configs import presets


def get_config(arg="inception_v3"):
  config = presets.get_config(arg, widths=(1024, 512))
  config.data.aesthetics = "/data/prepared/lapis_fold1"
  config.data.auxiliary = ""
  config.train.tasks = "aesthetics"
  return config
