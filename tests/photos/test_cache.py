"""The cache gives back what it was given, by content and model, whoever else writes to it."""

import multiprocessing
import sqlite3
import threading

import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos import cache
from paiaa_jax.photos.cache import KEY, Cache, Index, Rows, split_digests

WIDTH = 15


def make_rows(count, seed=0):
  random = np.random.default_rng(seed)
  keys = np.empty(count, KEY)
  keys["digest"] = random.integers(0, 2**64, (count, 2), np.uint64)
  keys["look"] = random.integers(0, 2**64, count, np.uint64)
  keys["taken"] = random.normal(size=count)
  return Rows(keys, random.normal(size=(count, WIDTH)).astype(np.float32))


def add_batches(path, seed, batches, size):
  with Cache(path, "model", WIDTH) as held:
    for i in range(batches):
      held.add(make_rows(size, seed + i))


def test_rows_come_back_in_order_through_many_merges(tmp_path):
  batches = 3 * cache.MERGE_BLOCKS + 5
  add_batches(tmp_path / "c", 0, batches, 3)
  with Cache(tmp_path / "c", "model", WIDTH) as held:
    rows = held.rows()
  expected = [make_rows(3, i) for i in range(batches)]
  np.testing.assert_array_equal(rows.keys, np.concatenate([e.keys for e in expected]))
  np.testing.assert_array_equal(rows.vectors, np.concatenate([e.vectors for e in expected]))
  blocks = sqlite3.connect(tmp_path / "c").execute("select count(*) from blocks").fetchone()[0]
  assert blocks < cache.MERGE_BLOCKS


def test_full_blocks_are_left_alone(tmp_path, monkeypatch):
  monkeypatch.setattr(cache, "BLOCK_ROWS", 10)
  add_batches(tmp_path / "c", 0, cache.MERGE_BLOCKS + 1, 12)
  blocks = sqlite3.connect(tmp_path / "c").execute("select rows from blocks").fetchall()
  assert blocks == [(12,)] * (cache.MERGE_BLOCKS + 1)


def test_each_model_sees_its_own_rows(tmp_path):
  with Cache(tmp_path / "c", "a", WIDTH) as held:
    held.add(make_rows(4))
  with Cache(tmp_path / "c", "b", 7) as other:
    assert len(other.rows().keys) == 0 and other.rows().vectors.shape == (0, 7)


def test_processes_that_write_at_once_lose_nothing(tmp_path):
  context = multiprocessing.get_context("spawn")
  path = tmp_path / "c"
  writers = [
    context.Process(target=add_batches, args=(path, 1000 * w, 2 * cache.MERGE_BLOCKS, 2))
    for w in (1, 2)
  ]
  for writer in writers:
    writer.start()
  for writer in writers:
    writer.join()
  with Cache(path, "model", WIDTH) as held:
    keys = held.rows().keys
  assert len(keys) == len(np.unique(keys["digest"], axis=0)) == 8 * cache.MERGE_BLOCKS


@pytest.fixture
def file_in_use(tmp_path):
  """A new file that another connection is about to write, before its log is switched."""
  other = sqlite3.connect(tmp_path / "c", isolation_level=None, check_same_thread=False)
  other.execute("create table t (x)")
  other.execute("begin immediate")
  yield tmp_path / "c", other
  other.close()


def test_a_file_that_another_is_creating_is_waited_for(file_in_use):
  path, other = file_in_use
  release = threading.Timer(0.2, other.execute, ["commit"])
  release.start()
  with Cache(path, "model", WIDTH) as held:
    held.add(make_rows(3))
    assert len(held.rows().keys) == 3
  release.join()


def test_a_file_that_stays_locked_is_not_called_broken(file_in_use, monkeypatch):
  monkeypatch.setattr(cache, "PATIENCE", 0.1)
  with pytest.raises(UserError, match=r"c is locked by another process.*--cache"):
    Cache(file_in_use[0], "model", WIDTH)


def test_the_index_finds_each_digest_and_no_other():
  keys, strangers = make_rows(1000).keys, make_rows(10, seed=1).keys
  index = Index(keys)
  digests = [digest.tobytes() for digest in keys["digest"]]
  np.testing.assert_array_equal(index.find(digests), np.arange(1000))
  assert (index.find([d.tobytes() for d in strangers["digest"]]) == -1).all()
  half_alike = keys["digest"][0].copy()
  half_alike[1] += np.uint64(1)
  assert index.find([half_alike.tobytes()]) == [-1]
  assert Index(keys[:0]).find(digests[:2]).tolist() == [-1, -1]
  assert split_digests([]).shape == (0, 2)


def test_a_file_is_known_until_its_size_or_time_changes(tmp_path):
  with Cache(tmp_path / "c", "model", WIDTH) as held:
    held.remember_files([("a.jpg", 10, 111, b"x" * 16)])
    assert held.digest_of("a.jpg", 10, 111) == b"x" * 16
    assert held.digest_of("a.jpg", 11, 111) is None
    assert held.digest_of("a.jpg", 10, 112) is None


def test_a_file_that_is_no_cache_is_named(tmp_path):
  (tmp_path / "c").write_text("something else, and long enough to be read as a header " * 9)
  with pytest.raises(UserError, match=r"c is no cache .* delete or rename .*PAIAA_CACHE"):
    Cache(tmp_path / "c", "model", WIDTH)


USES = {
  "rows": lambda held: held.rows(),
  "add": lambda held: held.add(make_rows(3)),
  "digest_of": lambda held: held.digest_of("a.jpg", 10, 111),
  "remember_files": lambda held: held.remember_files([("a.jpg", 10, 111, b"x" * 16)]),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_cache_that_breaks_while_in_use_is_named(tmp_path, use):
  with Cache(tmp_path / "c", "model", WIDTH) as held:
    other = sqlite3.connect(tmp_path / "c")
    other.executescript("drop table blocks; drop table files;")
    other.close()
    with pytest.raises(UserError, match=r"c cannot be used \(no such table.*--cache"):
      use(held)


def test_a_cache_that_another_locks_meanwhile_is_named(tmp_path, monkeypatch):
  monkeypatch.setattr(cache, "PATIENCE", 0.1)
  with Cache(tmp_path / "c", "model", WIDTH) as held:
    other = sqlite3.connect(tmp_path / "c", isolation_level=None)
    other.execute("begin immediate")
    for use in (USES["add"], USES["remember_files"]):
      with pytest.raises(UserError, match=r"c is locked by another process"):
        use(held)
    other.execute("rollback")
    other.close()
    USES["add"](held)
    assert len(held.rows().keys) == 3


def test_a_full_disk_is_named(tmp_path):
  with Cache(tmp_path / "c", "model", WIDTH) as held:
    held._base.execute("pragma max_page_count = 5")
    with pytest.raises(UserError, match=r"c has no room left"):
      held.add(make_rows(10_000))


def test_where_no_cache_can_be_the_remedy_is_named(tmp_path, monkeypatch):
  (tmp_path / "file").touch()
  for path, says in ((tmp_path / "file" / "c", "no cache at"), (tmp_path, "is a folder")):
    with pytest.raises(UserError, match=f"{says}.*--cache or .PAIAA_CACHE"):
      Cache(path, "model", WIDTH)
  for name in ("PAIAA_CACHE", "XDG_CACHE_HOME"):
    monkeypatch.delenv(name, raising=False)

  def homeless():
    raise RuntimeError("Could not determine home directory.")

  monkeypatch.setattr(cache.Path, "home", homeless)
  with pytest.raises(UserError, match=r"--cache or .PAIAA_CACHE"):
    cache.default_path()


def test_a_tilde_is_the_users_home(tmp_path, monkeypatch):
  monkeypatch.setenv("HOME", str(tmp_path))
  add_batches("~/kept/c", 0, 1, 3)
  assert (tmp_path / "kept" / "c").is_file()
  monkeypatch.setenv("PAIAA_CACHE", "~/x")
  assert cache.default_path() == tmp_path / "x"
