"""Metrics go to every writer; a third one is this file and its name in WRITERS."""

import errno
import json

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.training import writers


class Table:
  """table.csv: step, metric, value."""

  def __init__(self, workdir, first_step):
    self._file = (workdir / "table.csv").open("a")
    self._file.write(f"from,{first_step}\n")

  def write(self, step, metrics):
    if step > 9:
      raise OSError(errno.ENOSPC, "No space left on device")
    self._file.writelines(f"{step},{name},{value}\n" for name, value in metrics.items())

  def close(self):
    self._file.close()


@pytest.fixture
def start(monkeypatch, tmp_path):
  """Starts to write a run's metrics from a step on, the table's writer among the others."""
  monkeypatch.setattr(writers, "WRITERS", [*writers.WRITERS, Table])
  return lambda step: writers.MetricWriter(tmp_path, step, total_steps=10)


def test_a_third_writer_gets_what_the_others_get(start, tmp_path):
  first = start(0)
  first.write(3, {"loss": 0.5})
  first.write(6, {"loss": float("nan")})
  first.close()
  again = start(3)  # step 6 was not saved
  again.write(6, {"loss": 0.25})
  again.close()
  lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
  assert [(line["step"], line["loss"]) for line in lines] == [(3, 0.5), (6, 0.25)]
  written = (tmp_path / "table.csv").read_text().splitlines()
  assert written == ["from,0", "3,loss,0.5", "6,loss,nan", "from,3", "6,loss,0.25"]
  assert len(list(tmp_path.glob("events.out.tfevents.*"))) >= 1


def test_what_a_writer_cannot_write_is_told_in_one_line(start):
  writer = start(0)
  with pytest.raises(UserError, match=r"^the metrics of step 10 cannot be written: No space left"):
    writer.write(10, {"loss": 1.0})
  writer.close()
