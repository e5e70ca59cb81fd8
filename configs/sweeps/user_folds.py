"""The four published folds of users of PARA or LAPIS, a run each; see their configs.

    python -m launch.sweep --config=configs/sweeps/user_folds.py:para --workdir=runs/para
    python -m launch.collect --workdir=runs/para --over=data.aesthetics,data.auxiliary

The latter averages over the folds what launch.evaluate and launch.personalize measured of each.
Another network: configs/sweeps/user_folds.py:lapis,densenet121.
"""

from configs import lapis, para

DATABASES = {"para": para, "lapis": lapis}


def get_config(arg="para"):
  database, _, network = arg.partition(",")
  return DATABASES[database].get_config(network or "inception_v3")


def sweep(arg="para"):
  prepared = get_config(arg).data
  for fold in range(1, 5):
    fields = {"data.aesthetics": prepared.aesthetics, "data.auxiliary": prepared.auxiliary}
    yield {
      name: folder.replace("fold1", f"fold{fold}") for name, folder in fields.items() if folder
    }
