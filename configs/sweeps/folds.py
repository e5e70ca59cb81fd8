"""Table II's protocol: ten folds of PsychoFlickr by person, with AVA as the partner task.

python -m launch.prepare_data --dataset=psychoflickr --source=DIR --out=/data/prepared
python -m launch.make_folds --prepared=/data/prepared/psychoflickr --folds=10
sbatch --array=0-9 launch/slurm/array.sh --config=configs/sweeps/folds.py --workdir=runs/folds
"""

from configs import base


def get_config():
  config = base.get_config()
  config.model.pretrained = "weights/inception_v3"  # see launch.convert_weights
  config.data.aesthetics = "/data/prepared/ava"
  return config


def sweep():
  for fold in range(10):
    yield {"data.auxiliary": f"/data/prepared/psychoflickr_fold{fold}"}
