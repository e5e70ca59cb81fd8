"""The four published folds of PARA's people, a run each; see configs/para.py.

python -m launch.sweep --config=configs/sweeps/para_folds.py --workdir=runs/para
python -m launch.collect --workdir=runs/para
"""

from configs import para


def get_config(arg="inception_v3"):
  return para.get_config(arg)


def sweep():
  for fold in range(1, 5):
    folder = f"/data/prepared/para_fold{fold}"
    yield {"data.aesthetics": folder, "data.auxiliary": folder}
