"""The four published folds of LAPIS's people, a run each; see configs/lapis.py.

python -m launch.sweep --config=configs/sweeps/lapis_folds.py --workdir=runs/lapis
python -m launch.collect --workdir=runs/lapis
"""

from configs import lapis


def get_config(arg="inception_v3"):
  return lapis.get_config(arg)


def sweep():
  for fold in range(1, 5):
    folder = f"/data/prepared/lapis_fold{fold}"
    yield {"data.aesthetics": folder}
