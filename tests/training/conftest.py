"""Prepared folders of tiny images, written once."""

import pytest

from paiaa_jax.training.programs import Programs
from tests.training import tiny


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
  return tiny.write_folders(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def programs():
  """Compiled steps that trainings of several tests share."""
  return Programs()
