"""Checkpoints: every bit comes back, onto any devices; broken ones are told from whole ones."""

import contextlib
import gc
import logging
import os
import resource
import shutil
import types

import jax
import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.training import sharding
from paiaa_jax.training.checkpoint import Checkpoints
from paiaa_jax.training.event_loops import patient_event_loops
from tests.training.steps import make_optimizer, make_state


@pytest.fixture
def open_checkpoints(tmp_path):
  """Opens the checkpoints of one folder, as often as asked."""
  with patient_event_loops(), contextlib.ExitStack() as stack:

    def open_(keep=2, best="srcc", folder=tmp_path / "checkpoints"):
      return stack.enter_context(contextlib.closing(Checkpoints(folder, keep=keep, best=best)))

    yield open_


def placed_state(mesh, seed=0):
  state = make_state(make_optimizer())
  random = np.random.default_rng(seed)
  state = jax.tree.map(lambda x: (x + random.normal(size=x.shape)).astype(x.dtype), state)
  return jax.device_put(state, sharding.state_sharding(state, mesh))


def save(checkpoints, steps, mesh=None, metrics=None):
  mesh = mesh or sharding.make_mesh()
  for step in steps:
    checkpoints.save(step, placed_state(mesh, step), (metrics or {}).get(step, {}))
  checkpoints.wait()


def assert_same_bits(a, b):
  jax.tree.map(lambda x, y: np.testing.assert_array_equal(np.asarray(x), np.asarray(y)), a, b)


@pytest.mark.parametrize(
  ("saved", "restored"), [((8, 8), (1, 1)), ((1, 1), (8, 4)), ((8, 1), (2, 2))]
)
def test_any_devices_open_the_checkpoint_of_any_others(open_checkpoints, saved, restored):
  """Each pair is (devices, fsdp)."""
  meshes = [sharding.make_mesh(fsdp, jax.devices()[:n]) for n, fsdp in (saved, restored)]
  state = placed_state(meshes[0])
  save(open_checkpoints(), [0], meshes[0])
  target = sharding.abstract(state, meshes[1])
  opened = open_checkpoints().restore_newest(target)
  assert_same_bits(opened, state)
  assert all(
    a.sharding == b.sharding for a, b in zip(*map(jax.tree.leaves, (opened, target)), strict=True)
  )


def test_the_last_two_and_the_best_stay(open_checkpoints):
  checkpoints = open_checkpoints()
  scores = {1: 0.1, 2: 0.9, 3: float("nan"), 4: 0.3, 5: 0.2}
  save(checkpoints, scores, metrics={step: {"srcc": score} for step, score in scores.items()})
  save(checkpoints, [6])  # a preempted run saves without an evaluation
  assert checkpoints.steps == [2, 5, 6]
  assert checkpoints.best_step == 2


def test_a_lower_error_is_better(open_checkpoints):
  checkpoints = open_checkpoints(keep=1, best="rmse")
  save(checkpoints, [1, 2, 3], metrics={1: {"rmse": 0.5}, 2: {"rmse": 0.4}, 3: {"rmse": 0.6}})
  assert checkpoints.best_step == 2


def truncate(path):
  path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 1
  path.write_bytes(content)


@pytest.mark.parametrize(
  ("files", "spoil"),
  [
    ("state/d/*", truncate),
    ("state/d/*", flip_a_bit),
    ("state/d/*", os.remove),
    ("state/manifest.ocdbt", truncate),
    ("state/_METADATA", truncate),
    ("fingerprint/metadata", os.remove),
  ],
)
def test_a_spoilt_newest_checkpoint_falls_back_to_the_one_before(
  open_checkpoints, files, spoil, tmp_path, caplog
):
  mesh = sharding.make_mesh()
  save(open_checkpoints(), [3, 6], mesh)
  for path in (tmp_path / "checkpoints/6").glob(files):
    spoil(path)
  checkpoints = open_checkpoints()
  with caplog.at_level(logging.WARNING):
    restored = checkpoints.restore_newest(sharding.abstract(placed_state(mesh), mesh))
  assert_same_bits(restored, placed_state(mesh, 3))
  assert "checkpoint 6 cannot be read" in caplog.text and "Traceback" not in caplog.text
  assert (tmp_path / "checkpoints_corrupt/6.0").exists()
  save(checkpoints, [6], mesh)  # its step is free again
  assert checkpoints.steps == [3, 6]


def test_many_arrays_in_a_spoilt_file_fall_back_in_one_line(open_checkpoints, tmp_path, capfd):
  """Arrays too large for the index; Orbax reads all at once, and tells of each in its own way."""
  mesh = sharding.make_mesh()
  random = np.random.default_rng(0)
  state = {f"array{i}": jax.device_put(random.normal(size=(64, 64))) for i in range(20)}
  checkpoints = open_checkpoints()
  for step in (3, 6):
    checkpoints.save(step, state, {})
  checkpoints.wait()
  for path in (tmp_path / "checkpoints/6/state/ocdbt.process_0").glob("d/*"):
    truncate(path)
  assert_same_bits(checkpoints.restore_newest(sharding.abstract(state, mesh)), state)
  assert checkpoints.steps == [3]
  gc.collect()
  told = capfd.readouterr().err.splitlines()  # nothing, or our own line where absl's handler is on
  assert [line for line in told if "] checkpoint 6 cannot be read (" not in line] == []


def test_a_checkpoint_with_spoilt_metrics_is_restored_without_them(open_checkpoints, tmp_path):
  mesh = sharding.make_mesh()
  save(open_checkpoints(), [3, 6], mesh, metrics={3: {"srcc": 0.1}, 6: {"srcc": 0.2}})
  truncate(tmp_path / "checkpoints/6/metrics/metrics")
  checkpoints = open_checkpoints()
  assert checkpoints.best_step == 3
  restored = checkpoints.restore_newest(sharding.abstract(placed_state(mesh), mesh))
  assert_same_bits(restored, placed_state(mesh, 6))


def test_another_programs_checkpoints_are_refused_and_stay_where_they_are(
  open_checkpoints, tmp_path
):
  mesh = sharding.make_mesh()
  save(open_checkpoints(), [3, 6], mesh)
  abstract = sharding.abstract({"a leaf of another name": np.zeros(3, np.float32)}, mesh)
  with pytest.raises(UserError, match=r"no checkpoint of .* can be read .*6: .*; 3: .*version"):
    open_checkpoints().restore_newest(abstract)
  assert not (tmp_path / "checkpoints_corrupt").exists()
  restored = open_checkpoints().restore_newest(sharding.abstract(placed_state(mesh), mesh))
  assert_same_bits(restored, placed_state(mesh, 6))


def test_nothing_readable_is_an_error_and_nothing_at_all_is_none(open_checkpoints, tmp_path):
  mesh = sharding.make_mesh()
  abstract = sharding.abstract(placed_state(mesh), mesh)
  assert open_checkpoints().restore_newest(abstract) is None
  save(open_checkpoints(), [3], mesh)
  for path in (tmp_path / "checkpoints/3/state").rglob("d/*"):
    truncate(path)
  with pytest.raises(UserError, match=r"no checkpoint of .* can be read"):
    open_checkpoints().restore_newest(abstract)


def test_too_little_space_is_told_before_anything_is_written(
  open_checkpoints, tmp_path, monkeypatch
):
  mesh = sharding.make_mesh()
  checkpoints = open_checkpoints()
  save(checkpoints, [3], mesh)
  before = sorted((tmp_path / "checkpoints").rglob("*"))
  monkeypatch.setattr(shutil, "disk_usage", lambda folder: types.SimpleNamespace(free=2000))
  with pytest.raises(
    UserError, match=r"/checkpoints: No space left: .* takes 0\.00\d+ MB, 0\.002 are free; .* 3\."
  ):
    save(checkpoints, [6], mesh)
  assert sorted((tmp_path / "checkpoints").rglob("*")) == before


def test_a_write_that_fails_is_one_line_and_the_last_checkpoint_stays(open_checkpoints, tmp_path):
  """A limit on the size of a file stands in for a quota, or a disk that others have filled."""
  mesh = sharding.make_mesh()
  checkpoints = open_checkpoints()
  save(checkpoints, [3], mesh)
  limits = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (512, limits[1]))
  try:
    with pytest.raises(UserError, match=r"/checkpoints: File too large; the last good .* step 3"):
      save(checkpoints, [6], mesh)
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
  restored = open_checkpoints().restore_newest(sharding.abstract(placed_state(mesh), mesh))
  assert_same_bits(restored, placed_state(mesh, 3))


def test_a_folder_that_cannot_be_made_is_one_line(open_checkpoints, tmp_path):
  (tmp_path / "file").write_text("")
  with pytest.raises(UserError, match="checkpoints cannot be written"):
    open_checkpoints(folder=tmp_path / "file" / "checkpoints")
