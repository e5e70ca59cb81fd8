"""Prepared folders of tiny images, written once."""

import pytest

from tests.training import tiny


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
  return tiny.write_folders(tmp_path_factory.mktemp("prepared"))
