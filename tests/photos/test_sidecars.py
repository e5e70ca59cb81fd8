"""Both sidecars are read, in letters of any case; a raw file's and a shared one are not ours."""

import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos import sidecars, stars, xmp, xmp_packet
from tests.photos.conftest import save_photo
from tests.photos.packets import packet

UNRATED = packet('xmp:Label="red"')


def rated(stars, attributes=""):
  return packet(f'xmp:Rating="{stars}" {attributes}')


def of_extension(extension):
  return f'photoshop:SidecarForExtension="{extension}"'


@pytest.fixture
def folder(tmp_path):
  """folder(photograph, sidecar=bytes, ...) makes them -> the path of the photograph."""

  def make(*names, **files):
    for name in names:
      save_photo(tmp_path / name, np.random.default_rng(0))
    for name, data in files.items():
      (tmp_path / name).write_bytes(data)
    return tmp_path / names[0]

  return make


def contents(folder):
  return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
  "files",
  [
    {"a.jpg.xmp": rated(5)},
    {"a.xmp": rated(5)},
    {"a.jpg.xmp": UNRATED, "a.xmp": rated(5)},
    {"a.jpg.xmp": rated(5), "a.xmp": UNRATED},
    {"a.jpg.xmp": rated(5), "a.xmp": rated(3)},
    {"a.jpg.xmp": rated(0), "a.xmp": rated(5)},
    {"a.jpg.xmp": b"", "a.xmp": rated(5)},
    {"a.jpg.xmp": packet("", "<xmp:Rating/>"), "a.xmp": rated(5)},
    {"a.XMP": rated(5)},
    {"A.JPG.XMP": rated(5)},
    {"a.Jpg.xmp": UNRATED, "A.Xmp": rated(5)},
    {"a.xmp": rated(5, of_extension("jpg")), "a.NEF": b"raw"},
    {"a.xmp": rated(5, of_extension("JPG")), "a.png": b""},
    {"a.xmp": rated(5), "b.NEF": b"raw", "a.mov": b"film", "a": b"", "a.jpg.pp3": b""},
  ],
  ids=lambda files: " ".join(files),
)
def test_any_persons_rating_wins_and_nothing_is_written(folder, files):
  photo = folder("a.jpg", **files)
  before = contents(photo.parent)
  assert xmp.read_rating(photo).human == 5
  with pytest.raises(UserError, match=r"rating of its own \(5\); it stays"):
    xmp.write_predicted(photo, 3)
  assert contents(photo.parent) == before


@pytest.mark.parametrize(
  "files",
  [
    {"a.xmp": rated(2, of_extension("NEF")), "a.NEF": b"raw"},
    {"a.xmp": rated(2, of_extension("NEF"))},  # the raw file lies elsewhere
    {"a.xmp": rated(2), "a.NEF": b"raw"},
    {"A.XMP": rated(2), "A.CR3": b"raw"},
    {"a.xmp": b"broken", "a.dng": b"raw"},
    {"a.nef.xmp": rated(2), "a.nef": b"raw"},  # darktable's
    {"a_01.jpg.xmp": rated(2), "ab.xmp": rated(2)},
  ],
  ids=lambda files: " ".join(files),
)
def test_another_files_sidecar_is_neither_read_nor_edited(folder, files):
  photo = folder("a.jpg", **files)
  before = contents(photo.parent)
  assert xmp.read_rating(photo).stars is None
  xmp.write_predicted(photo, 4)
  after = contents(photo.parent)
  assert xmp_packet.parse_rating(after.pop("a.jpg.xmp"), "a").stars == 4 and after == before


def test_a_sidecar_named_like_a_raw_file_is_that_ones(folder):
  photo = folder("a.nef.jpg", **{"a.nef.xmp": rated(2), "a.nef": b"raw"})
  assert xmp.read_rating(photo).stars is None
  (photo.parent / "a.nef").unlink()
  assert xmp.read_rating(photo).human == 2


def test_an_accent_of_either_unicode_form_is_the_same_name(folder):
  photo = folder("K\u00e4se.jpg", **{"Ka\u0308se.jpg.xmp": rated(5)})  # NFC and NFD, as from macOS
  assert xmp.read_rating(photo).human == 5


def test_upper_case_gets_no_second_sidecar(folder):
  photo = folder("A.JPG", **{"A.XMP": UNRATED})
  xmp.write_predicted(photo, 3)
  assert sorted(contents(photo.parent)) == ["A.JPG", "A.XMP"]
  assert xmp.read_rating(photo).predicted == 3


def test_two_photographs_that_differ_in_case_have_their_own(folder):
  lower = folder("a.jpg", "A.JPG", **{"a.jpg.xmp": rated(2)})
  if len(list(lower.parent.glob("*.[jJ]*"))) < 3:
    pytest.skip("this file system knows no case")
  assert xmp.read_rating(lower).human == 2
  assert xmp.read_rating(lower.with_name("A.JPG")).human is None


def test_whose_a_shared_sidecar_is_is_unknown(folder):
  photo = folder("a.jpg", "a.png", **{"a.xmp": rated(4)})
  with pytest.raises(UserError, match=r"a\.jpg shares a\.xmp with a\.png: whose"):
    xmp.read_rating(photo)
  (photo.parent / "a.xmp").write_bytes(UNRATED)
  assert xmp.read_rating(photo).human is None
  with pytest.raises(UserError, match=r"a\.jpg shares a\.xmp with a\.png; nothing is written"):
    xmp.write_predicted(photo, 3)
  (photo.parent / "a.xmp").write_bytes(rated(4, of_extension("png")))
  assert xmp.read_rating(photo).human is None
  assert xmp.read_rating(photo.with_suffix(".png")).human == 4


def test_a_new_prediction_goes_where_the_former_is(folder):
  photo = folder("a.jpg", **{"a.xmp": UNRATED})
  xmp.write_predicted(photo, 3)
  (photo.parent / "a.jpg.xmp").write_bytes(UNRATED)
  xmp.write_predicted(photo, 2)
  assert (photo.parent / "a.jpg.xmp").read_bytes() == UNRATED
  assert xmp.read_rating(photo).predicted == 2


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "circle", "nowhere", "large"])
def test_only_regular_files_of_some_size_are_read(folder, kind, tmp_path):
  photo = folder("a.jpg")
  place = tmp_path / "a.jpg.xmp"
  if kind == "folder":
    place.mkdir()
  elif kind == "pipe":
    os.mkfifo(place)
  elif kind == "large":
    with place.open("wb") as file:
      file.truncate(xmp_packet.MAX_BYTES + 1)
  else:
    place.symlink_to({"device": "/dev/zero", "circle": place, "nowhere": "gone"}[kind])
  before = os.lstat(place)
  for attempt in (xmp.read_rating, lambda photo: xmp.write_predicted(photo, 3)):
    with pytest.raises(UserError, match=r"a\.jpg\.xmp (cannot be read|is a link)"):
      attempt(photo)
  after = os.lstat(place)
  assert (after.st_ino, after.st_mode, after.st_size) == (
    before.st_ino,
    before.st_mode,
    before.st_size,
  )
  assert sorted(os.listdir(tmp_path)) == ["a.jpg", "a.jpg.xmp"]


def test_a_link_is_followed_in_its_folder_alone(folder, tmp_path):
  (tmp_path / "in").mkdir()
  photo = tmp_path / "in" / "a.jpg"
  folder("in/a.jpg")
  for target, inside in ((tmp_path / "out.xmp", False), (tmp_path / "in" / "real", True)):
    target.write_bytes(UNRATED)
    link = photo.with_name("a.jpg.xmp")
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    if inside:
      xmp.write_predicted(photo, 3)
      assert link.is_symlink() and b'Rating="3"' in target.read_bytes()
    else:
      with pytest.raises(UserError, match=r"a\.jpg\.xmp is a link that leads out of its folder"):
        xmp.write_predicted(photo, 3)
      assert target.read_bytes() == UNRATED


def test_mode_and_owner_stay_and_nothing_else_is_left(folder):
  photo = folder("a.jpg", **{"a.jpg.xmp": UNRATED})
  place = photo.with_name("a.jpg.xmp")
  place.chmod(0o640)
  if os.geteuid() == 0:  # nobody else can give a file away
    os.chown(place, 12345, 54321)
  before = place.stat()
  xmp.write_predicted(photo, 3)
  after = place.stat()
  assert stat.S_IMODE(after.st_mode) == 0o640
  assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
  assert sorted(os.listdir(photo.parent)) == ["a.jpg", "a.jpg.xmp"]


def test_an_owner_that_cannot_be_kept_is_told_and_the_file_stays(folder, monkeypatch):
  photo = folder("a.jpg", **{"a.jpg.xmp": UNRATED})

  def refused(path, *_):
    raise PermissionError(1, "Operation not permitted", path)

  if os.geteuid() != 0:
    pytest.skip("nobody else can give a file away")
  os.chown(photo.with_name("a.jpg.xmp"), 12345, 54321)
  monkeypatch.setattr(os, "chown", refused)
  with pytest.raises(UserError, match=r"a\.jpg\.xmp cannot be written: Operation not permitted"):
    xmp.write_predicted(photo, 3)
  assert contents(photo.parent)["a.jpg.xmp"] == UNRATED and len(os.listdir(photo.parent)) == 2


def test_a_sidecar_is_on_the_disk_before_it_has_its_name(folder, monkeypatch):
  photo = folder("a.jpg", **{"a.jpg.xmp": UNRATED})
  done, fsync, replace = [], os.fsync, os.replace
  monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file)))
  monkeypatch.setattr(os, "replace", lambda *names: (done.append("replace"), replace(*names)))
  xmp.write_predicted(photo, 3)
  assert done == ["fsync", "replace"]


@pytest.mark.parametrize("former", [UNRATED, None])
def test_what_another_program_writes_meanwhile_is_not_lost(folder, former, monkeypatch):
  photo = folder("a.jpg", **({"a.jpg.xmp": former} if former else {}))
  place = photo.with_name("a.jpg.xmp")
  edit = xmp.with_stars

  def slow(*arguments):
    place.write_bytes(rated(5))
    return edit(*arguments)

  monkeypatch.setattr(xmp, "with_stars", slow)
  with pytest.raises(UserError, match=r"a\.jpg\.xmp was changed by another program meanwhile"):
    xmp.write_predicted(photo, 3)
  assert xmp.read_rating(photo).human == 5 and len(os.listdir(photo.parent)) == 2


def test_a_folder_is_looked_through_once_for_all_its_photographs(folder, monkeypatch):
  photo = folder("a.jpg")
  listed, listdir = [], os.listdir
  monkeypatch.setattr(os, "listdir", lambda path: (listed.append(path), listdir(path))[1])
  listings = sidecars.Listings()
  for i in range(20):
    xmp.write_predicted(photo, 1 + i % 5, listings)
  assert listed == [photo.parent] and xmp.read_rating(photo, listings).predicted == 5


def test_a_folder_that_cannot_be_listed_is_named(folder, monkeypatch):
  photo = folder("a.jpg")

  def refused(path):
    raise PermissionError(13, "Permission denied", path)

  monkeypatch.setattr(os, "listdir", refused)
  with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)"):
    xmp.write_predicted(photo, 3)


def test_reading_ratings_opens_no_socket(folder):
  """A document type that names an address is not fetched: nothing of the network is touched."""
  hostile = b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'>" + rated(4)
  photo = folder("a.jpg", **{"a.jpg.xmp": hostile})
  code = (
    "import pathlib, sys\nfrom paiaa_jax.photos import xmp\n"
    "sys.addaudithook(lambda event, _: event.startswith('socket') and sys.exit(event))\n"
    f"try: xmp.read_rating(pathlib.Path({str(photo)!r}))\n"
    "except ValueError as error: print(error)"
  )
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
  assert "it has a document type" in done.stdout


def test_a_star_that_may_be_darktables_counts_after_all_others(folder):
  initial = rated(1, 'darktable:xmp_version="5"')
  photo = folder("a.jpg", **{"a.jpg.xmp": initial, "a.xmp": rated(4)})
  assert xmp.read_rating(photo).human == 4
  photo.with_name("a.xmp").unlink()
  assert xmp.read_rating(photo).human == 1
  save_photo(photo, np.random.default_rng(0), xmp=rated(3))
  assert xmp.read_rating(photo).human == 3


WHOLE = (UNRATED, xmp.with_stars(UNRATED, 3, "a"))


@pytest.mark.parametrize("step", ["pathlib.Path.write_bytes", "os.fsync", "os.replace"])
def test_a_kill_at_any_step_leaves_the_whole_sidecar_and_the_next_run_cleans_up(folder, step):
  photo = folder("a.jpg", **{"a.jpg.xmp": UNRATED})
  code = (
    "import os, pathlib, signal\nfrom paiaa_jax.photos import xmp\n"
    f"whole = {step}\n"
    "def killed(*a): whole(*a); os.kill(os.getpid(), signal.SIGKILL)\n"
    f"{step} = killed\n"
    f"xmp.write_predicted(pathlib.Path({str(photo)!r}), 3)"
  )
  assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
  assert contents(photo.parent)["a.jpg.xmp"] in WHOLE
  alive = photo.with_name(f".b.jpg.xmp.{os.getpid()}.partial")
  alive.write_bytes(b"")
  stars.write([stars.Plan(photo, 3, "write")])
  assert sorted(os.listdir(photo.parent)) == [alive.name, "a.jpg", "a.jpg.xmp"]
  assert contents(photo.parent)["a.jpg.xmp"] == WHOLE[1]
