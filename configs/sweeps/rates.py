"""Both learning rates around the paper's on AVA, three seeds each.

    python -m launch.sweep --config=configs/sweeps/rates.py --workdir=runs/rates

27 runs; launch.collect makes one table of them.
"""

from configs.ava import get_config as get_config


def sweep():
  for lr_backbone in (1e-5, 1e-4, 1e-3):
    for lr_heads in (1e-4, 1e-3, 1e-2):
      for seed in range(3):
        yield {"optim.lr_backbone": lr_backbone, "optim.lr_heads": lr_heads, "seed": seed}
