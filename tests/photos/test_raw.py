"""RAW files by the picture that the camera put into them; ExifTool and Pillow are the judges."""

import io

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.data import images, raw
from paiaa_jax.errors import UserError
from paiaa_jax.photos import files, given_stars, xmp, xmp_packet
from tests.data import profiles
from tests.photos.command import runner
from tests.photos.conftest import save_photo
from tests.photos.packets import exiftool, packet
from tests.photos.raw_files import coloured, dng, jpeg

BIG, SMALL = coloured(), coloured((32, 24), seed=1)
FIVE = packet('xmp:Rating="5"')


@pytest.fixture
def rawpy():
  return pytest.importorskip("rawpy", reason="rawpy is not installed; it is the extra 'raw'")


def exif(orientation):
  block = Image.Exif()
  block[0x0112] = orientation
  return block


def test_files_made_by_hand_are_raw_files_to_others(tmp_path, rawpy):
  (tmp_path / "a.dng").write_bytes(dng(jpeg(SMALL), jpeg(BIG)))
  (told,) = exiftool("-j", "-validate", "-DNGVersion", "-CFAPattern2", tmp_path / "a.dng")
  assert told["Validate"] == "OK" and told["DNGVersion"] == "1.4.0.0"
  with rawpy.imread(str(tmp_path / "a.dng")) as opened:
    assert (opened.raw_image == 1000).all()


@pytest.mark.parametrize("order", [1, -1])
def test_the_largest_preview_is_read(order, rawpy):
  data = dng(*[jpeg(SMALL), jpeg(BIG)][::order])
  np.testing.assert_array_equal(images.decode(raw.picture(data, "a.DNG")), images.decode(jpeg(BIG)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "JPEG that says it too", "bitmap"])
def test_it_is_turned_once(kind, orientation, tmp_path, rawpy):
  own = {"exif": exif(orientation)} if kind == "JPEG that says it too" else {}
  preview = BIG if kind == "bitmap" else jpeg(BIG, **own)
  (tmp_path / "a.dng").write_bytes(dng(preview, orientation=orientation))
  encoded = io.BytesIO()
  Image.fromarray(BIG).save(encoded, "PNG", exif=exif(orientation))
  upright = images.decode(encoded.getvalue())
  decoded = images.decode(tmp_path / "a.dng")
  assert decoded.shape == upright.shape
  assert np.abs(decoded.astype(int) - upright).mean() < (0.01 if kind == "bitmap" else 3)


def test_its_profile_is_converted_as_of_any_jpeg(rawpy):
  profile = profiles.rgb(profiles.P3, profiles.srgb_curve())
  preview = jpeg(BIG, icc_profile=profile)
  read = images.decode(raw.picture(dng(preview), "a.dng"))
  np.testing.assert_array_equal(read, images.decode(preview))
  assert np.abs(read.astype(int) - images.decode(jpeg(BIG))).max() > 5


def test_a_folder_of_them_is_scored_by_the_content_of_the_files(open_library, tmp_path, rawpy):
  folder = tmp_path / "photos"
  folder.mkdir()
  for name, data in {"a.dng": dng(jpeg(BIG)), "b.DNG": dng(jpeg(BIG), taken=b"")}.items():
    (folder / name).write_bytes(data)
  (folder / "c.jpg").write_bytes(jpeg(BIG))
  scored = open_library(folder).scored()
  assert [path.name for path in scored.paths] == ["a.dng", "b.DNG", "c.jpg"] and not scored.bad
  assert (scored.vectors == scored.vectors[2]).all()
  digests = [files.digest_of(path.read_bytes()) for path in scored.paths]
  assert [key.tobytes() for key in scored.keys["digest"]] == digests
  assert scored.keys["taken"][0] == 1714979289.0  # 2024-05-06 07:08:09
  assert np.isnan(scored.keys["taken"][1:]).all()


def test_what_has_no_preview_or_is_broken_is_named_and_not_scored(open_library, tmp_path, rawpy):
  folder = tmp_path / "photos"
  folder.mkdir()
  broken = {
    "cut.nef": dng(jpeg(BIG))[:300],
    "empty.cr3": b"",
    "none.dng": dng(),
    "x.raf": b"x" * 99,
  }
  for name, data in broken.items():
    (folder / name).write_bytes(data)
  found = {photo.path.name: photo for photo in open_library(folder).photos()}
  assert sorted(found) == sorted(broken) and all(photo.vector is None for photo in found.values())
  assert found["none.dng"].error.startswith("a RAW file without a preview")
  assert found["cut.nef"].error.startswith("damaged, or a RAW file")


def test_the_raw_file_of_a_pair_counts_only_where_stars_do(tmp_path, capsys, open_library, rawpy):
  folder = tmp_path / "photos"
  folder.mkdir()
  for name in ("a.DNG", "b.dng"):
    (folder / name).write_bytes(dng(jpeg(BIG)))
  save_photo(folder / "A.jpg", np.random.default_rng(0))
  assert [photo.path.name for photo in open_library(folder).photos()] == ["A.jpg", "b.dng"]
  assert capsys.readouterr().err == "passed over: 1 RAW twin of a JPEG\n"
  (folder / "a.xmp").write_bytes(FIVE)
  assert given_stars.read_stars([folder], False).paths == [folder / "a.DNG"]


def test_stars_of_a_raw_file_go_where_editors_of_raw_files_read_them(tmp_path, rawpy):
  photo = tmp_path / "IMG.dng"
  photo.write_bytes(dng(jpeg(BIG)))
  before = photo.read_bytes()
  xmp.write_predicted(photo, 4)
  assert xmp_packet.parse_rating((tmp_path / "IMG.xmp").read_bytes(), "").predicted == 4
  (tmp_path / "IMG.xmp").unlink()
  (tmp_path / "IMG.cr2").write_bytes(b"another of the name")
  xmp.write_predicted(photo, 4)
  assert sorted(path.name for path in tmp_path.iterdir()) == ["IMG.cr2", "IMG.dng", "IMG.dng.xmp"]
  assert photo.read_bytes() == before


def fuji(preview):
  place = b"".join(number.to_bytes(4, "big") for number in (92, len(preview)))
  return b"FUJIFILMCCD-RAW ".ljust(84, b"0") + place + preview


def canon(xmp_data):
  name = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
  box = (24 + len(xmp_data)).to_bytes(4, "big") + b"uuid" + name + xmp_data
  return b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + box + b"\0\0\0\x08mdat"


def test_stars_that_a_camera_put_inside_are_a_persons(tmp_path):
  inside = {
    "a.dng": dng(jpeg(BIG), xmp=FIVE),
    "b.raf": fuji(jpeg(BIG, xmp=FIVE)),
    "c.cr3": canon(FIVE),
    "d.rw2": b"IIU\0" + dng(jpeg(BIG), xmp=FIVE)[4:],
  }
  for name, data in inside.items():
    (tmp_path / name).write_bytes(data)
    assert xmp.read_rating(tmp_path / name).human == 5
  told = exiftool("-j", "-n", "-XMP-xmp:Rating", tmp_path)
  assert [one["Rating"] for one in told] == [5] * 4
  (tmp_path / "e.mrw").write_bytes(b"\0MRM nothing that is known")
  assert xmp.read_rating(tmp_path / "e.mrw").human is None


def test_without_the_extra_one_asked_for_names_it(photos, monkeypatch, open_library):
  monkeypatch.setattr(raw, "is_readable", lambda: False)
  (photos / "x.nef").write_bytes(b"")
  (named,) = open_library(photos / "x.nef").photos()
  assert named.error == "RAW files need one more package: pip install 'paiaa-jax[raw]'."


def test_every_verb_takes_raw_files_and_changes_none(
  monkeypatch, capsys, tmp_path, rawpy, model_path
):
  run, folder = runner(monkeypatch, capsys), tmp_path / "photos"
  folder.mkdir()
  for i in range(12):
    (folder / f"{i:02d}.nef").write_bytes(dng(jpeg(coloured(seed=i))))
  before = {path: path.read_bytes() for path in folder.iterdir()}
  own = ["--model", model_path, "--cache", tmp_path / "cache.sqlite"]
  me = ["--profile", tmp_path / "me.json"]
  rows = [f"{path},{i % 5 + 1}" for i, path in enumerate(sorted(before))]
  (tmp_path / "ratings.csv").write_text("\n".join(["path,rating", *rows]))
  for verb in (
    ["score", folder, *own, "-o", tmp_path / "s.csv", "--html", tmp_path / "s.html", "--strict"],
    ["suggest", folder, *own, "-o", tmp_path / "to_rate.csv"],
    ["personalize", tmp_path / "ratings.csv", *own, "-o", tmp_path / "me.json"],
    ["rank", folder, *own, *me, "-o", tmp_path / "r.csv", "--html", tmp_path / "r.html"],
    ["explain", folder / "03.nef", *own, *me, "--png", tmp_path / "why.png"],
    ["stars", folder, *own, *me, "--write"],
  ):
    assert run(*verb)[0] in (0, None), verb
  for page in ("s.html", "r.html"):
    assert (tmp_path / page).read_text().count("data:image/jpeg;base64,/9j/") == 12
  after = {path: path.read_bytes() for path in folder.glob("*.nef")}
  assert after == before and len(list(folder.glob("*.xmp"))) == 12


def test_an_error_of_a_picture_names_its_file(tmp_path, rawpy):
  (tmp_path / "none.dng").write_bytes(dng())
  with pytest.raises(UserError, match=r"none\.dng: a RAW file without a preview"):
    images.load(tmp_path / "none.dng")
