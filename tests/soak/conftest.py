"""The table that `make soak` prints: what was tried, how often it survived, what was lost."""

import pytest

from tests.photos.conftest import model_path

__all__ = ["model_path"]  # a fixture
ROWS = pytest.StashKey[list]()


@pytest.fixture
def tell(request):
  """tell(what, tried, lost, note=""): a row of the table."""
  rows = request.config.stash.setdefault(ROWS, [])

  def told(what, tried, lost, note=""):
    rows.append((what, tried, tried - lost, lost, note))

  return told


def pytest_terminal_summary(terminalreporter, config):
  rows = config.stash.get(ROWS, [])
  if rows:
    terminalreporter.section("tried, survived, lost")
    terminalreporter.write_line("| what | tried | survived | lost | |\n|---|---|---|---|---|")
    for row in rows:
      terminalreporter.write_line(f"| {' | '.join(map(str, row))} |")
