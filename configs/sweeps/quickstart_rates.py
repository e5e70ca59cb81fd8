"""Three rates of the heads, three seeds each, on what `make quickstart` prepared; small on purpose.

    python -m launch.sweep --config=configs/sweeps/quickstart_rates.py --workdir=runs/rates | sh
    python -m launch.collect --workdir=runs/rates --over=seed --report=runs/rates

Nine runs of less than a minute on two cores, and one page of them: docs/train.md shows its table.
"""

from configs import quickstart


def get_config():
  config = quickstart.get_config()
  config.train.tasks = "aesthetics"
  config.train.freeze_backbone = True  # the heads alone: seconds a run
  config.train.eval_every = 20
  config.data.image_size = 64
  config.data.resize = 72
  return config


def sweep():
  for lr_heads in (1e-4, 1e-3, 1e-2):
    for seed in range(3):
      yield {"optim.lr_heads": lr_heads, "seed": seed}
