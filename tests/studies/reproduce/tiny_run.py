"""The run config of tests.studies.reproduce.tiny."""

from pathlib import Path

from tests.training import tiny


def get_config(arg=""):
  config = tiny.get_config((Path(), Path()), steps=2)
  if arg == "released":
    config.model.aux_final_norm, config.optim.optimizer = True, "adam"
  return config
