"""A file is there whole or not at all; what the system refuses is the user's, all else is ours."""

import contextlib
import os
import resource
import stat
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from paiaa_jax import files
from paiaa_jax.errors import UserError
from tests import children

WRITERS = {
  "text.txt": lambda path: files.write_text(path, "x" * 100_000),
  "value.json": lambda path: files.write_json(path, list(range(100_000))),
  "table.csv": lambda path: files.write_frame(path, pl.DataFrame({"a": np.arange(1e5)})),
  "table.parquet": lambda path: files.write_frame(path, pl.DataFrame({"a": np.arange(1e5)})),
  "array.npy": lambda path: files.write_arrays(path, np.arange(1e5)),
  "arrays.npz": lambda path: files.write_arrays(path, {"a": np.arange(1e5)}),
}
READERS = {".json": files.read_json, ".parquet": files.read_parquet, ".npz": files.read_arrays}


def test_home_is_found_where_the_shell_does_not_look(monkeypatch, tmp_path):
  monkeypatch.setenv("HOME", str(tmp_path))
  given = ["--workdir=~/x", "--config.data.path=~/a b", "-o=~", "--out=a~/b", "~/x", "--x", "~"]
  expected = [f"--workdir={tmp_path}/x", f"--config.data.path={tmp_path}/a b", f"-o={tmp_path}"]
  assert files.expand_home(given) == [*expected, "--out=a~/b", "~/x", "--x", "~"]


def test_a_launch_finds_home(tmp_path):
  (tmp_path / "runs").mkdir()
  environment = {**os.environ, "HOME": str(tmp_path)}
  done = children.run("launch.collect", "--workdir=~/runs", env=environment)
  assert done.returncode == 2 and f"under {tmp_path}/runs." in done.stderr


@contextlib.contextmanager
def full_disk():
  """No file can grow past 4096 bytes: inside a test, since pytest's report may go to a file."""
  former = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (4096, former[1]))
  try:
    yield
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_named_and_the_former_file_stays(name, tmp_path):
  path = tmp_path / name
  path.write_text("former")
  match = f"{name} cannot be written: ."
  with full_disk(), pytest.raises(UserError, match=match) as raised:
    WRITERS[name](path)
  assert "\n" not in str(raised.value) and path.read_text() == "former"
  assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_read_back(name, tmp_path):
  path = tmp_path / "new" / "folder" / name
  WRITERS[name](path)
  if path.suffix in READERS:
    value = READERS[path.suffix](path)
    value = value["a"] if path.suffix != ".json" else value
    np.testing.assert_array_equal(value, np.arange(1e5))
  assert [file.name for file in path.parent.iterdir()] == [name]


def test_an_error_of_ours_in_the_block_is_kept_and_leaves_nothing(tmp_path):
  with (
    pytest.raises(ValueError, match="argument 2 is longer") as raised,
    files.atomic_write(tmp_path / "a.txt") as draft,
  ):
    draft.write_text("half")
    list(zip([1], [1, 2], strict=True))
  assert not isinstance(raised.value, UserError)
  assert not list(tmp_path.iterdir())


def test_a_folder_appears_whole(tmp_path):
  with files.atomic_write(tmp_path / "folder") as draft:
    draft.mkdir()
    (draft / "a").write_text("a")
    assert not (tmp_path / "folder").exists()
  assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a"]
  with pytest.raises(RuntimeError, match="stop"), files.atomic_write(tmp_path / "other") as draft:
    draft.mkdir()
    raise RuntimeError("stop")
  assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_the_mode_is_the_umasks_or_the_former_files(tmp_path):
  umask = os.umask(0o027)
  try:
    files.write_text(tmp_path / "new", "a")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    files.write_text(tmp_path / "new", "b")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604
  finally:
    os.umask(umask)


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path):
  (tmp_path / "real").write_text("a")
  (tmp_path / "link").symlink_to("real")
  files.write_text(tmp_path / "link", "b")
  assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "b"
  files.write_text("/dev/null", "c")
  assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
  done = []
  fsync, replace = os.fsync, os.replace
  monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file)))
  monkeypatch.setattr(os, "replace", lambda *names: (done.append("replace"), replace(*names)))
  files.write_text(tmp_path / "a", "a")
  assert done == ["fsync", "replace"]


@pytest.mark.parametrize("place", ["file/below.json", "folder", "/proc/none.json"])
def test_a_place_that_cannot_be_written_is_named(place, tmp_path):
  (tmp_path / "file").write_text("")
  (tmp_path / "folder").mkdir()
  with pytest.raises(UserError, match=f"{place} cannot be written: "):
    files.write_json(tmp_path / place, 1)


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("content", [b"", b"no such format", b"\xff\x00PK\x03\x04"])
def test_a_file_of_another_kind_is_named(suffix, content, tmp_path):
  path = tmp_path / f"a{suffix}"
  path.write_bytes(content)
  with pytest.raises(UserError, match=rf"a\{suffix} cannot be read as .") as raised:
    READERS[suffix](path)
  assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", READERS)
def test_a_missing_file_says_how_to_make_it(suffix, tmp_path):
  with pytest.raises(UserError, match=rf"a\{suffix} is missing; run this\."):
    READERS[suffix](tmp_path / f"a{suffix}", make="run this")
  with pytest.raises(UserError, match=r"Is a directory|cannot be read as"):
    READERS[suffix](tmp_path)


@pytest.mark.parametrize("address", ["gs://bucket/runs/a.json", Path("s3://bucket/a.json")])
def test_a_buckets_address_is_refused_and_no_folder_of_that_name_made(
  address, tmp_path, monkeypatch
):
  monkeypatch.chdir(tmp_path)
  for act in (lambda: files.write_json(address, 1), lambda: files.read_json(address)):
    with pytest.raises(UserError, match=r"(gs|s3)://bucket/.* is an address, .* mount the bucket"):
      act()
  assert not list(tmp_path.iterdir())
  files.write_json("c:/a.json", 1)  # a drive, or a folder of that name


@pytest.mark.parametrize(
  "argument",
  ["--out=gs://b/x", "--option=images=gs://b/x", "--runs=a,gs://b/x", "--c=('a','gs://b/x')"],
)
def test_a_buckets_address_is_refused_anywhere_in_an_argument(argument):
  with pytest.raises(UserError, match=r"^gs://b/x is an address, "):
    files.refuse_addresses(["--a=b", argument])
  files.refuse_addresses(
    ["--words=from https://example.org/a", "--node=a:1", "c:/x", "--x", "a//b"]
  )
