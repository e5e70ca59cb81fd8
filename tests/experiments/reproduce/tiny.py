"""launch.reproduce with the backbone "tiny": python -m tests.experiments.reproduce.tiny --all ...

Its run config is `get_run_config`'s; the reproduction's is the simulated one, cut short.
"""

from pathlib import Path

from configs import base, reproduce_simulated
from tests.training import tiny

ROOT = Path(__file__).parents[3]
RUN, STUDY = (f"tests/experiments/reproduce/tiny_{name}.py" for name in ("run", "study"))


def get_run_config():
  config = base.get_config()
  config.update_from_flattened_dict(tiny.fields((Path(), Path()), steps=2))
  return config


def get_config():
  config = reproduce_simulated.get_config()
  config.configs = {"tiny": RUN}
  config.headline = "tiny"
  config.overrides = {"optim": {"steps": 2}}
  config.released = {"model": {"aux_final_norm": True}, "optim": {"optimizer": "adam"}}
  config.folds = 2
  config.seeds = (0, 1)
  config.curve = (10, 20)
  config.num_splits = 3
  config.solvers = ("bayes", "ridge")
  config.baselines = ("residual_svr_traits", "fpmf_traits")
  return config


if __name__ == "__main__":
  from absl import flags

  from launch import cli_errors, reproduce

  flags.mark_flags_as_required(["config", "workdir"])
  cli_errors.run(reproduce.main)
