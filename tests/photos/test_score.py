"""A folder in, a row each out: none lost, none twice, none dependent on the others."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest
from PIL import Image

from paiaa_jax.data import images, raw
from paiaa_jax.errors import UserError
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.photos import files, score, table, verbs
from tests.data.test_images import bomb
from tests.photos.conftest import save_photo


def rows_of(library):
  return [table.to_row(photo, library.model) for photo in library.photos()]


def test_a_row_says_what_its_distribution_says(open_library, photos):
  library = open_library(photos)
  values = np.asarray(library.model.score_values)
  for row in rows_of(library):
    p = np.asarray([row[f"p{i}"] for i in range(1, 6)])
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert row["aesthetic_score"] == pytest.approx(p @ values, abs=1e-5)
    spread = p @ (values - p @ values) ** 2
    assert row["score_std"] == pytest.approx(np.sqrt(spread), abs=1e-4)
    assert (row["scale_low"], row["scale_high"], row["error"]) == (1, 5, None)
    assert row["model_id"] == library.model.model_id and row["preprocessing"]
    assert -1 <= row["openness"] <= 1


def test_a_photograph_has_one_score_whatever_the_batch(open_library, photos, tmp_path):
  expected = {row["path"]: row for row in rows_of(open_library(photos))}
  for batch_size in (1, 7, 32):
    other = open_library(photos, batch_size=batch_size, cache=tmp_path / f"{batch_size}.sqlite")
    for row in rows_of(other):
      for name in ("aesthetic_score", "score_std", "p1", "openness"):
        assert row[name] == pytest.approx(expected[row["path"]][name], rel=1e-5)


def test_what_is_known_is_neither_decoded_nor_computed_again(open_library, photos, monkeypatch):
  library = open_library(photos)
  first = rows_of(library)
  monkeypatch.setattr(score, "network_of", lambda *_: pytest.fail)
  monkeypatch.setattr(files, "decode", pytest.fail)
  assert rows_of(library) == first
  (photos / "19.jpg").rename(photos / "20.jpg")  # another name, the same content
  moved = rows_of(library)
  assert moved[-1] == {**first[-1], "path": str(photos / "20.jpg")}


def test_coordinates_are_the_networks_and_the_same_to_the_bit_from_the_cache(
  open_library, frozen_model, photos, monkeypatch
):
  library = open_library(photos)._replace(model=frozen_model)
  pixels = np.stack([images.square(path, 16) for path in sorted(photos.iterdir())])
  prediction = Predictor(frozen_model.folder).predict(pixels)
  first = library.scored()
  assert first.coordinates.dtype == np.float16 and first.coordinates.shape == (20, 5)
  np.testing.assert_array_equal(first.coordinates, prediction.features.astype(np.float16))
  without = list(library.photos(coordinates=False))
  monkeypatch.setattr(score, "network_of", lambda *_: pytest.fail)
  again = library.scored()
  for name in ("vectors", "coordinates", "keys"):
    assert getattr(again, name).tobytes() == getattr(first, name).tobytes()
  np.testing.assert_array_equal([photo.vector for photo in without], first.vectors)
  assert all(photo.coordinates is None for photo in without)


def test_photographs_cached_without_coordinates_are_scored_once_more(
  open_library, frozen_model, photos
):
  library = open_library(photos)._replace(model=frozen_model)
  with score.open_cache(library.cache, frozen_model._replace(num_coordinates=0)) as cache:
    options = {"image_size": 16, "batch_size": 8}
    paths = sorted(photos.iterdir())
    predict = score.network_of(frozen_model._replace(num_coordinates=0), 8)
    old = list(score.score_photos(paths, predict, cache, **options))
  scored = library.scored()
  np.testing.assert_array_equal(scored.vectors, [photo.vector for photo in old])
  assert scored.coordinates.shape == (20, 5) and scored.coordinates.any(axis=1).all()
  with score.open_cache(library.cache, frozen_model._replace(num_coordinates=0)) as cache:
    assert len(cache.rows().keys) == 20  # for those who know of no coordinates


def test_a_trained_network_has_no_coordinates(open_library, photos):
  assert open_library(photos).scored().coordinates.shape == (20, 0)


def test_files_looked_up_in_any_number_are_the_same(open_library, photos, monkeypatch):
  spoil(photos)
  library = open_library(photos)
  first = rows_of(library)
  (photos / "05.jpg").write_bytes((photos / "06.jpg").read_bytes())  # known, under another name
  (photos / "07.jpg").unlink()
  save_photo(photos / "08.jpg", np.random.default_rng(9))  # new
  expected = None
  for looked_up in (1, 3, 4096):
    monkeypatch.setattr(score, "LOOKED_UP", looked_up)
    expected = expected or rows_of(library)
    assert rows_of(library) == expected
  scores = {row["path"]: row["aesthetic_score"] for row in first}
  now = {row["path"]: row["aesthetic_score"] for row in expected}
  assert now.pop(str(photos / "05.jpg")) == scores[str(photos / "06.jpg")]
  changed = {str(photos / f"0{i}.jpg") for i in (5, 7, 8)}
  assert {path for path, value in scores.items() if now.get(path, 9) != value} == changed


def test_equal_files_are_computed_once(open_library, photos, monkeypatch):
  for name in ("copy.jpg", "again.jpg", *(f"00{letter}.jpg" for letter in "abcdefghij")):
    (photos / name).write_bytes((photos / "00.jpg").read_bytes())
  library, seen = open_library(photos), []
  network = score.network_of(library.model, 8)

  def counted(pixels):
    seen.append(len(pixels))
    return network(pixels)

  monkeypatch.setattr(score, "network_of", lambda *_: counted)
  rows = {row["path"]: row["p1"] for row in rows_of(library)}
  assert rows[str(photos / "copy.jpg")] == rows[str(photos / "00.jpg")]
  assert sum(seen) == 20 and len(rows) == 32
  with score.open_cache(library.cache, library.model) as cache:
    digests = cache.rows().keys["digest"]
  assert len(digests) == len(np.unique(digests, axis=0)) == 20


def test_a_file_of_a_far_year_is_scored_and_only_read_again(open_library, photos, monkeypatch):
  os.utime(photos / "00.jpg", (1.05e10, 1.05e10))  # 2302
  if (photos / "00.jpg").stat().st_mtime < 1e10:
    pytest.skip("this file system's years end before 2262")
  library = open_library(photos)
  first = rows_of(library)
  assert not any(row["error"] for row in first)
  read = []
  read_bytes = files.read_bytes
  monkeypatch.setattr(files, "read_bytes", lambda path: read.append(path.name) or read_bytes(path))
  assert rows_of(library) == first and read == ["00.jpg"]


def test_another_preprocessing_is_another_score(open_library, photos, monkeypatch):
  rows_of(open_library(photos))
  monkeypatch.setattr(score, "PREPROCESSING", "other")
  library = open_library(photos)
  with score.open_cache(library.cache, library.model) as cache:
    assert len(cache.rows().keys) == 0


def test_orientation_is_honoured(open_library, tmp_path):
  photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
  exif = Image.Exif()
  exif[0x0112] = 6  # to be shown turned by 90 degrees
  photo.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
  photo.save(tmp_path / "upright.png")
  turned, upright = rows_of(open_library(tmp_path / "turned.png", tmp_path / "upright.png"))
  assert turned["aesthetic_score"] == upright["aesthetic_score"]


def spoil(folder):
  """20 files that are no photographs, in eight ways, and a folder. Returns the files' names."""
  jpeg = save_photo(folder / "whole.jpg", np.random.default_rng(1), (640, 480)).read_bytes()
  (folder / "whole.jpg").unlink()
  ways = {
    "truncated": jpeg[: len(jpeg) // 2],
    "empty": b"",
    "text": b"this is text\n" * 100,
    "bomb": bomb(),
    "header": b"\xff\xd8\xff\xe0" + jpeg[200:],
    "page": b"<!doctype html><p>404",
  }
  names = []
  for copy in range(3):
    for way, data in ways.items():
      names.append(f"{way}{copy}.jpg")
      (folder / names[-1]).write_bytes(data)
  (folder / "folder.jpg").mkdir()
  (folder / "circle.jpg").symlink_to("circle.jpg")
  (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
  return [*names, "circle.jpg", "gone.jpg"]


def test_20_bad_files_among_500_are_20_errors(open_library, tmp_path, capsys):
  folder = tmp_path / "mixed"
  folder.mkdir()
  random = np.random.default_rng(0)
  forms = [".jpg", ".png", ".webp", ".tif", ".JPG"]
  for i in range(480):
    save_photo(folder / f"{i:03d}{forms[i % len(forms)]}", random)
  bad = spoil(folder)
  assert len(bad) == 20

  out = tmp_path / "scores.csv"
  assert verbs.score(open_library(folder, batch_size=32), out) == 20
  frame = pl.read_csv(out)
  assert len(frame) == 500 and frame["path"].n_unique() == 500
  failed = frame.filter(pl.col("error").is_not_null())
  assert {path.rsplit("/", 1)[1] for path in failed["path"]} == set(bad)
  assert failed["aesthetic_score"].null_count() == 20
  assert frame["aesthetic_score"].null_count() == 20
  assert "480 photographs" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads files of any mode")
def test_a_file_without_permission_is_an_error(open_library, photos):
  (photos / "00.jpg").chmod(0)
  row = rows_of(open_library(photos / "00.jpg"))[0]
  (photos / "00.jpg").chmod(stat.S_IRUSR | stat.S_IWUSR)
  assert "Permission denied" in row["error"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_form_of_table_holds_the_same(open_library, photos, tmp_path, suffix):
  (photos / "bad.jpg").write_bytes(b"")
  library, out = open_library(photos), tmp_path / f"scores{suffix}"
  verbs.score(library, out)
  read = {".csv": pl.read_csv, ".jsonl": pl.read_ndjson, ".parquet": pl.read_parquet}[suffix]
  expected = rows_of(library)
  for found, row in zip(read(out).to_dicts(), expected, strict=True):
    assert list(found) == table.columns(library.model)
    for name, value in row.items():
      assert found[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)


def test_a_table_appears_whole_or_not_at_all(open_library, photos, tmp_path):
  out = tmp_path / "scores.csv"
  out.write_text("what was there before")

  def rows():
    yield from rows_of(open_library(photos))[:3]
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    table.write(rows(), table.columns(open_library(photos).model), out)
  assert out.read_text() == "what was there before"
  assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_the_draft_of_a_run_that_was_killed_is_removed_by_the_next(open_library, photos, tmp_path):
  done = subprocess.Popen([sys.executable, "-c", ""])
  done.wait()
  dead, alive, other = (
    tmp_path / f".{name}.{pid}.partial"
    for name, pid in (("s.csv", done.pid), ("s.csv", os.getpid()), ("other.csv", done.pid))
  )
  for path in (dead, alive, other):
    path.write_text("half")
  table.check_output(tmp_path / "s.csv")
  assert (dead.exists(), alive.exists(), other.exists()) == (False, True, True)


def test_names_that_no_text_holds_are_escaped(open_library, tmp_path):
  name = os.fsdecode(b"na\xffme.png")
  save_photo(tmp_path / name, np.random.default_rng(0))
  out = tmp_path / "scores.jsonl"
  verbs.score(open_library(tmp_path / name), out)
  row = json.loads(out.read_text(encoding="utf-8"))
  assert row["path"].endswith("na\\xffme.png") and row["error"] is None


def test_a_folder_is_searched_by_suffix_and_depth(photos):
  (photos / "deep").mkdir()
  save_photo(photos / "deep" / "x.PNG", np.random.default_rng(0))
  (photos / "notes.txt").write_text("not looked at")
  (photos / "._00.jpg").write_bytes(b"a companion file of macOS")
  assert len(list(files.find_photos([photos]))) == 20
  assert len(list(files.find_photos([photos], recursive=True))) == 21
  with pytest.raises(UserError, match="no such file or folder"):
    list(files.find_photos([photos / "none"]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this system's folders")
def test_what_is_no_regular_file_is_an_error_and_not_a_wait(photos):
  os.mkfifo(photos / "pipe.jpg")
  (photos / "link.jpg").symlink_to(photos / "pipe.jpg")
  (photos / "endless.jpg").symlink_to("/dev/zero")
  code = (
    "import sys, resource; from pathlib import Path; from paiaa_jax.photos import files\n"
    "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
    "for path in map(Path, sys.argv[1:]):\n"
    "  try: files.read_bytes(path)\n"
    "  except ValueError as error: print(error)"
  )
  odd = [str(photos / name) for name in ("pipe.jpg", "link.jpg", "endless.jpg")]
  command = [sys.executable, "-c", code, *odd]
  done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
  assert done.stdout.splitlines() == ["cannot be read (not a regular file)."] * 3


def test_what_is_passed_over_is_said(photos, open_library, capsys, monkeypatch):
  monkeypatch.setattr(raw, "is_readable", lambda: False)  # as without the extra
  hint = "; for RAW files: pip install 'paiaa-jax[raw]'"
  for name in ("a.CR2", "b.nef", "c.txt", ".hidden.dng"):
    (photos / name).touch()
  (photos / "sub").mkdir()
  save_photo(photos / "sub" / "x.jpg", np.random.default_rng(0))
  assert len(list(open_library(photos).photos())) == 20
  said = capsys.readouterr().err
  assert said == (
    f"passed over: 2 RAW files, 1 subfolder{hint}; --recursive looks into subfolders\n"
  )
  assert len(list(open_library(photos, recursive=True).photos())) == 21
  assert capsys.readouterr().err == f"passed over: 2 RAW files{hint}\n"


def test_folders_that_only_look_like_photographs_are_passed_over(photos):
  before = list(files.find_photos([photos], recursive=True))
  for thumbnails in (photos / "@eaDir" / "00.jpg", photos / "deep" / "@eaDir", photos / "a.jpg"):
    thumbnails.mkdir(parents=True)
    save_photo(thumbnails / "SYNOPHOTO_THUMB_M.jpg", np.random.default_rng(0))
  assert list(files.find_photos([photos], recursive=True)) == before


def test_a_folder_in_a_folder_that_cannot_be_read_is_passed_over(photos, monkeypatch, capsys):
  (photos / "secret").mkdir()
  scandir = os.scandir

  def guarded(folder):  # root, who may run this test, reads everything
    if str(folder).endswith("secret"):
      raise PermissionError(13, "Permission denied")
    return scandir(folder)

  monkeypatch.setattr(os, "scandir", guarded)
  assert len(list(files.find_photos([photos], recursive=True))) == 20
  assert "secret: passed over" in capsys.readouterr().err
  with pytest.raises(UserError, match="secret cannot be read \\(Permission denied"):
    list(files.find_photos([photos / "secret"]))


@pytest.fixture(scope="module")
def many(tmp_path_factory):
  folder, random = tmp_path_factory.mktemp("many"), np.random.default_rng(0)
  for i in range(120):
    save_photo(folder / f"{i:03d}.jpg", random, (800, 600))
  return folder


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_in_the_middle_loses_and_repeats_nothing(
  many, model_path, tmp_path, child_env, stop
):
  out, cache = tmp_path / "scores.csv", tmp_path / "cache.sqlite"
  command = [sys.executable, "-m", "tests.photos.tiny_model", "score", str(many)]
  command += [f"--output={out}", f"--model={model_path}", f"--cache={cache}", "--batch-size=2"]
  process = subprocess.Popen(command, env=child_env, stderr=subprocess.PIPE, text=True)
  while process.poll() is None and _cached(cache, model_path) == 0:
    time.sleep(0.01)
  process.send_signal(stop)
  said = process.communicate()[1]
  if stop == signal.SIGTERM:
    assert process.returncode == 143 and "what was scored is kept" in said.splitlines()[-1]
    assert "Traceback" not in said
  before = _cached(cache, model_path)
  assert 0 < before < 120 and not out.exists()

  subprocess.run(command, env=child_env, check=True, capture_output=True)
  paths = pl.read_csv(out)["path"]
  assert sorted(paths) == sorted(str(path) for path in many.iterdir())
  assert _cached(cache, model_path) == 120  # what was there was not computed again


def _cached(path, model_path):
  if not path.exists():
    return 0
  from paiaa_jax.models.weights import model_folder

  with score.open_cache(path, model_folder.read(model_path)) as cache:
    return len(cache.rows().keys)


@pytest.mark.parametrize("quality", [None, 30])
def test_a_frame_of_one_colour_is_named_and_one_with_a_faint_picture_is_scored(
  photos, open_library, quality
):
  random = np.random.default_rng(0)
  options = {"quality": quality} if quality else {}
  suffix = "jpg" if quality else "png"
  dark = random.normal(9, 1, (60, 80, 3)).clip(0, 255).astype(np.uint8)  # a sensor's noise
  Image.fromarray(dark).save(photos / f"dark.{suffix}", **options)
  faint = np.full((60, 80, 3), 200, np.uint8)
  faint[20:40, 20:60] = 190
  Image.fromarray(faint).save(photos / f"faint.{suffix}", **options)
  found = {photo.path.stem: photo for photo in open_library(photos).photos()}
  assert "one colour all over" in found["dark"].error and found["dark"].vector is None
  assert not found["faint"].error and not found["00"].error
