"""The reproduction of tests.studies.reproduce.tiny: the simulated one, cut short."""

from configs import reproduce_simulated


def get_config():
  config = reproduce_simulated.get_config()
  run = "tests/studies/reproduce/tiny_run.py"
  config.configs = {"tiny": run}
  config.released.ava = config.released.flickr_aes = f"{run}:released"
  config.headline = "tiny"
  config.overrides = {"optim": {"steps": 2}}
  config.folds = 2
  config.seeds = (0, 1)
  config.curve = (10, 20)
  config.num_splits = 3
  config.solvers = ("empirical_bayes", "ridge")
  config.baselines = ("residual_svr_traits", "fpmf_traits")
  return config
