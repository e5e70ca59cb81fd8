"""The cache gives back what it was given, by content and model, whoever else writes to it."""

import multiprocessing
import sqlite3
import threading
import time

import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos import cache
from paiaa_jax.photos.cache import KEY, Cache, Index, Rows, split_digests

WIDTH, M = 15, 6
OPTIONS = {"width": WIDTH, "num_coordinates": M}


def make_rows(count, seed=0):
  random = np.random.default_rng(seed)
  keys = np.empty(count, KEY)
  keys["digest"] = random.integers(0, 2**64, (count, 2), np.uint64)
  keys["look"] = random.integers(0, 2**64, count, np.uint64)
  keys["taken"] = random.normal(size=count)
  vectors = random.normal(size=(count, WIDTH)).astype(np.float32)
  return Rows(keys, vectors, random.normal(size=(count, M)).astype(np.float16))


def add_batches(path, seed, batches, size):
  with Cache(path, "model", **OPTIONS) as held:
    for i in range(batches):
      held.add(make_rows(size, seed + i))


def assert_batches(rows, batches, size):
  """The rows are what add_batches adds with seed 0, to the bit."""
  expected = [make_rows(size, i) for i in range(batches)]
  for found, parts in zip(rows, zip(*expected, strict=True), strict=True):
    np.testing.assert_array_equal(found, np.concatenate(parts))


def test_rows_come_back_in_order_through_many_merges(tmp_path):
  batches = 3 * cache.MERGE_BLOCKS + 5
  add_batches(tmp_path / "c", 0, batches, 3)
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    rows = held.rows()
  assert_batches(rows, batches, 3)
  blocks = sqlite3.connect(tmp_path / "c").execute("select count(*) from blocks").fetchone()[0]
  assert blocks < cache.MERGE_BLOCKS


def test_full_blocks_are_left_alone(tmp_path, monkeypatch):
  monkeypatch.setattr(cache, "BLOCK_ROWS", 10)
  add_batches(tmp_path / "c", 0, cache.MERGE_BLOCKS + 1, 12)
  blocks = sqlite3.connect(tmp_path / "c").execute("select rows from blocks").fetchall()
  assert blocks == [(12,)] * (cache.MERGE_BLOCKS + 1)


def test_each_model_sees_its_own_rows(tmp_path):
  with Cache(tmp_path / "c", "a", **OPTIONS) as held:
    held.add(make_rows(4))
  with Cache(tmp_path / "c", "b", 7) as other:
    assert len(other.rows().keys) == 0
    assert other.rows().vectors.shape == (0, 7) and other.rows().coordinates.shape == (0, 0)


def test_coordinates_that_nobody_asks_for_are_not_read(tmp_path):
  add_batches(tmp_path / "c", 0, 2, 4)
  read = []
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    held._base.set_authorizer(
      lambda action, table, column, *_: read.append(column) or sqlite3.SQLITE_OK
    )
    rows, everything = held.rows(coordinates=False), held.rows()
    held._base.set_authorizer(None)
  assert rows.coordinates.shape == (8, 0)
  np.testing.assert_array_equal(rows.vectors, everything.vectors)
  assert read.count("coordinates") == 1


OLD_SCHEMA = """
create table blocks (
  id integer primary key, model text not null, rows integer not null,
  keys blob not null, vectors blob not null);
create index blocks_of_model on blocks (model);
create table files (
  path text primary key, size integer not null, mtime_ns integer not null,
  digest blob not null) without rowid;
"""
OLD_INSERT = "insert into blocks (model, rows, keys, vectors) values (?, ?, ?, ?)"


def test_a_file_made_before_there_were_coordinates_goes_on(tmp_path):
  rows, more = make_rows(4), make_rows(3, seed=1)
  old = sqlite3.connect(tmp_path / "c", isolation_level=None)
  old.executescript(OLD_SCHEMA)
  old.execute(OLD_INSERT, ("trained", 4, rows.keys.tobytes(), rows.vectors.tobytes()))
  old.execute("insert into files values ('a.jpg', 10, 111, ?)", (b"x" * 16,))
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    assert held.digests_of([("a.jpg", 10, 111)]) == [b"x" * 16]
    held.add(more)
    np.testing.assert_array_equal(held.rows().coordinates, more.coordinates)
  old.execute(OLD_INSERT, ("trained", 3, more.keys.tobytes(), more.vectors.tobytes()))
  query = "select rows, keys, vectors from blocks where model = 'trained' order by id"
  assert [row[0] for row in old.execute(query)] == [4, 3]
  old.close()
  with Cache(tmp_path / "c", "trained", WIDTH) as held:
    expected = np.concatenate([rows.vectors, more.vectors])
    np.testing.assert_array_equal(held.rows().vectors, expected)


def test_a_kill_in_the_middle_leaves_whole_rows(tmp_path):
  context = multiprocessing.get_context("spawn")
  writer = context.Process(target=add_batches, args=(tmp_path / "c", 0, 1_000_000, 3))
  writer.start()
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    while len(held.rows().keys) < 3 * 2 * cache.MERGE_BLOCKS:
      time.sleep(0.01)
    writer.kill()
    writer.join()
    rows = held.rows()
  assert len(rows.keys) % 3 == 0
  assert_batches(rows, len(rows.keys) // 3, 3)


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
  with Cache(path, "model", **OPTIONS) as held:
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
  with Cache(path, "model", **OPTIONS) as held:
    held.add(make_rows(3))
    assert len(held.rows().keys) == 3
  release.join()


def test_a_file_that_stays_locked_is_not_called_broken(file_in_use, monkeypatch):
  monkeypatch.setattr(cache, "PATIENCE", 0.1)
  with pytest.raises(UserError, match=r"c is locked by another process.*--cache"):
    Cache(file_in_use[0], "model", **OPTIONS)


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
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    held.remember_files([("a.jpg", 10, 111, b"x" * 16)])
    assert held.digests_of([("a.jpg", 10, 111)]) == [b"x" * 16]
    assert held.digests_of([("a.jpg", 11, 111), ("a.jpg", 10, 112)]) == [None, None]
    assert held.digests_of([]) == []


def test_many_files_are_looked_up_in_the_order_asked_for(tmp_path):
  count = 2 * cache.PATHS_A_QUERY + 7
  kept = [(f"{i}.jpg", i, -i, i.to_bytes(16, "big")) for i in range(count)]
  asked = [file[:3] for file in [*kept[::-2], kept[0], ("other.jpg", 1, -1, b"")]]
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    held.remember_files(kept)
    expected = [*(file[3] for file in kept[::-2]), kept[0][3], None]
    assert held.digests_of(asked) == expected


def test_a_file_that_is_no_cache_is_named(tmp_path):
  (tmp_path / "c").write_text("something else, and long enough to be read as a header " * 9)
  with pytest.raises(UserError, match=r"c is no cache .* delete or rename .*PAIAA_CACHE"):
    Cache(tmp_path / "c", "model", **OPTIONS)


USES = {
  "rows": lambda held: held.rows(),
  "add": lambda held: held.add(make_rows(3)),
  "digests_of": lambda held: held.digests_of([("a.jpg", 10, 111)]),
  "remember_files": lambda held: held.remember_files([("a.jpg", 10, 111, b"x" * 16)]),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_cache_that_breaks_while_in_use_is_named(tmp_path, use):
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    other = sqlite3.connect(tmp_path / "c")
    other.executescript("drop table blocks; drop table files;")
    other.close()
    with pytest.raises(UserError, match=r"c cannot be used \(no such table.*--cache"):
      use(held)


def test_a_cache_that_another_locks_meanwhile_is_named(tmp_path, monkeypatch):
  monkeypatch.setattr(cache, "PATIENCE", 0.1)
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
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
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    held._base.execute("pragma max_page_count = 5")
    with pytest.raises(UserError, match=r"c has no room left"):
      held.add(make_rows(10_000))


def test_where_no_cache_can_be_the_remedy_is_named(tmp_path, monkeypatch):
  (tmp_path / "file").touch()
  for path, says in ((tmp_path / "file" / "c", "no cache at"), (tmp_path, "is a folder")):
    with pytest.raises(UserError, match=f"{says}.*--cache or .PAIAA_CACHE"):
      Cache(path, "model", **OPTIONS)
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


WRONG = {
  "keys are text": "update blocks set keys = 'x'",
  "keys are a number": "update blocks set keys = 7",
  "keys are cut": "update blocks set keys = substr(keys, 1, 50)",
  "vectors are empty": "update blocks set vectors = x''",
  "vectors are null": "update blocks set vectors = 3.5",
  "coordinates are text": "update blocks set coordinates = 'none'",
  "a count is huge": "update blocks set rows = 1 << 50",
  "a count is below zero": "update blocks set rows = -3",
  "a count is text": "update blocks set rows = 'three'",
  "a digest is short": "update files set digest = x'00'",
  "a digest is text": "update files set digest = '0123456789abcdef'",
}


@pytest.mark.parametrize("name", WRONG)
def test_rows_of_a_wrong_kind_are_told(tmp_path, name):
  add_batches(tmp_path / "c", 0, 1, 3)
  with Cache(tmp_path / "c", "model", **OPTIONS) as held:
    held.remember_files([("a.jpg", 1, 2, bytes(16))])
    held._base.execute(WRONG[name])
    with pytest.raises(UserError, match=r"c is damaged; delete or rename it"):
      held.rows()
      held.digests_of([("a.jpg", 1, 2)])
