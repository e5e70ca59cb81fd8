"""PARA by its published folds of people: both tasks on one database, personal scores for the rest.

    for FOLD in 1 2 3 4: python -m launch.prepare_data --dataset=para --source=DIR \\
        --out=/data/prepared --option=fold=$FOLD --name=para_fold$FOLD
    python -m launch.train --config=configs/para.py --workdir=runs/para_fold1
    python -m launch.sweep --config=configs/sweeps/user_folds.py:para --workdir=runs/para
    python -m launch.personalize --config=configs/para.py --workdir=runs/para_fold1

What a fold's people are like is in annotation/PARA-UserInfo.csv; launch.personalize --people takes
it. Not the paper's: it has no figure here.
"""

from configs import presets


def get_config(arg="inception_v3"):
  config = presets.get_config(arg, widths=(1024, 512))
  config.data.aesthetics = config.data.auxiliary = "/data/prepared/para_fold1"
  return config
