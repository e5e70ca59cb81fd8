"""The reproduction of tests.experiments.reproduce.tiny."""

from tests.experiments.reproduce.tiny import get_config  # noqa: F401
