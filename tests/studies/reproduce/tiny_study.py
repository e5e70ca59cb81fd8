"""The reproduction of tests.studies.reproduce.tiny: the simulated one, cut short."""

from configs import reproduce_simulated


def get_config():
  config = reproduce_simulated.get_config()
  config.configs = {"tiny": "tests/studies/reproduce/tiny_run.py"}
  config.headline = "tiny"
  config.overrides = {"optim": {"steps": 2}}
  config.released = {"model": {"aux_final_norm": True}, "optim": {"optimizer": "adam"}}
  config.released_flickr_aes = {}
  config.folds = 2
  config.seeds = (0, 1)
  config.curve = (10, 20)
  config.num_splits = 3
  config.solvers = ("bayes", "ridge")
  config.baselines = ("residual_svr_traits", "fpmf_traits")
  return config
