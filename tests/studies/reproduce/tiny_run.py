"""The run config of tests.studies.reproduce.tiny."""

from pathlib import Path

from tests.training import tiny


def get_config():
  return tiny.get_config((Path(), Path()), steps=2)
