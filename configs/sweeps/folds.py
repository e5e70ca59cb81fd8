"""Table II's protocol: ten folds of PsychoFlickr by person, with AVA as the partner task.

    python -m launch.prepare_data --dataset=psychoflickr --source=DIR --out=/data/prepared
    python -m launch.make_folds --prepared=/data/prepared/psychoflickr --folds=10
    sbatch --array=0-9 launch/slurm/array.sh --config=configs/sweeps/folds.py --workdir=runs/folds

The paper, mean over the folds, SROCC of O C E A N: 0.555 0.668 0.715 0.662 0.717; with DenseNet121,
configs/sweeps/folds.py:densenet121, 0.567 0.659 0.722 0.646 0.708.
"""

from configs import ava


def get_config(arg="inception_v3"):
  config = ava.get_config(arg)
  config.data.auxiliary = ""  # each run's own
  return config


def sweep():
  for fold in range(10):
    yield {"data.auxiliary": f"/data/prepared/psychoflickr_fold{fold}"}
