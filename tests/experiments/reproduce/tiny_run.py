"""The run config of tests.experiments.reproduce.tiny."""

from tests.experiments.reproduce.tiny import get_run_config as get_config  # noqa: F401
