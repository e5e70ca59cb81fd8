"""The cores of a job are counted, not those of its node."""

import os

import pytest

from paiaa_jax import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds to no core")
def test_a_process_bound_to_one_core_has_one():
  all_cores = os.sched_getaffinity(0)
  try:
    os.sched_setaffinity(0, {max(all_cores)})
    assert cores.own_cores() == [max(all_cores)]
  finally:
    os.sched_setaffinity(0, all_cores)
  assert set(cores.own_cores()) == all_cores


def test_a_system_that_does_not_tell_has_all_of_its_cores(monkeypatch):
  monkeypatch.delattr(os, "sched_getaffinity", raising=False)
  monkeypatch.setattr(os, "cpu_count", lambda: 3)
  assert cores.own_cores() == [0, 1, 2]
  monkeypatch.setattr(os, "cpu_count", lambda: None)
  assert cores.own_cores() == [0]
