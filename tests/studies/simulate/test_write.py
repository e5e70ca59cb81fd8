"""A simulation follows from photographs and seed, is whole or not there, and says what it lacks."""

import shutil

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.errors import UserError
from studies import simulate
from studies.simulate import formats, photographs
from tests import children


def contents(folder):
  files = (path for path in folder.rglob("*") if path.is_file())
  return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_same_seed_writes_the_same_bytes(small, photos, tmp_path):
  simulate.write(tmp_path / "again", photos=photos)
  assert contents(small()) == contents(tmp_path / "again")


def test_another_seed_makes_other_photographs(small):
  first, second = (
    {path.read_bytes() for path in (small(seed=seed) / "AVA" / "images").iterdir()}
    for seed in (0, 1)
  )
  assert len(first) == len(second) == 540  # all of them distinct
  assert not first & second


def test_a_photograph_depends_on_no_other_and_on_no_thread(photos, monkeypatch):
  sources = {path.name: path for path in sorted(photos.iterdir())}
  together = photographs.derive(sources, 12, seed=3)
  monkeypatch.setattr(photographs, "count_cores", lambda: 1)
  name = "4.png"
  alone = photographs.derive({name: sources[name]}, 2, seed=3)
  assert alone == [photo for photo in together if photo.source == name]


def test_a_photograph_on_its_side_is_set_upright(photos, tmp_path):
  with Image.open(photos / "0.png") as image:
    image.save(tmp_path / "upright.png")
    turned = image.transpose(Image.Transpose.ROTATE_90)
  exif = Image.Exif()
  exif[0x0112] = 6
  turned.save(tmp_path / "turned.png", exif=exif)
  upright, turned = (
    photographs.derive({"same name": tmp_path / name}, 1, seed=0)[0]
    for name in ("upright.png", "turned.png")
  )
  assert upright == turned


def test_a_folder_that_holds_something_is_left_alone(photos, tmp_path):
  (tmp_path / "mine.txt").write_text("mine")
  with pytest.raises(UserError, match="holds something else"):
    simulate.write(tmp_path, photos=photos)
  assert contents(tmp_path) == {"mine.txt": b"mine"}


def test_the_same_simulation_is_left_as_it_is_and_another_is_refused(small, photos, monkeypatch):
  out = small()
  before = contents(out)
  monkeypatch.setattr(photographs, "derive", None)  # nothing is made again
  simulate.write(out, photos=photos)
  with pytest.raises(UserError, match="holds something else"):
    simulate.write(out, photos=photos, seed=5)
  assert contents(out) == before


def test_too_few_photographs_are_refused(photos, tmp_path):
  for path in sorted(photos.iterdir())[:5]:
    shutil.copy(path, tmp_path)
  with pytest.raises(UserError, match="holds 5 photographs; at least 6"):
    photographs.find_sources(tmp_path)


def test_a_photograph_too_small_to_crop_is_refused(tmp_path):
  Image.new("RGB", (90, 30)).save(tmp_path / "strip.png")
  with pytest.raises(UserError, match=r"strip\.png: 90 x 30 pixels; at least 64"):
    photographs.derive({"strip": tmp_path / "strip.png"}, 1, seed=0)


def test_nothing_half_written_stays_behind(photos, tmp_path, monkeypatch):
  def full_disk(*_):
    raise OSError("No space left on device")

  monkeypatch.setattr(formats, "write_psychoflickr", full_disk)
  with pytest.raises(UserError, match="No space"):
    simulate.write(tmp_path / "out", photos=photos)
  assert list(tmp_path.iterdir()) == []


def test_null_and_heavy_tails_exclude_each_other(photos, tmp_path):
  with pytest.raises(UserError, match="exclude each other"):
    simulate.write(tmp_path / "out", photos=photos, null=True, heavy_tails=True)


def test_crops_are_turned_and_moved_and_none_is_met_twice(photos):
  made = photographs.derive({"0": photos / "0.png"}, 40, seed=0)
  assert len({photo.jpeg for photo in made}) == 40
  assert 0 < sum(photo.tilt == 0 for photo in made) < 40
  assert np.ptp([photo.off_centre for photo in made]) > 0.3


def test_the_command_ends_with_one_line_where_a_photograph_does_not_decode(
  photos, tmp_path, child_env
):
  own = shutil.copytree(photos, tmp_path / "own")
  (own / "3.png").write_bytes(b"no photograph")
  command = ["launch.simulate_data", f"--photos={own}", f"--out={tmp_path / 'out'}"]
  done = children.run(*command, env=child_env)
  assert done.returncode == 2 and done.stdout == ""
  assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
  assert "3.png" in done.stderr
  assert [path.name for path in tmp_path.iterdir()] == ["own"]
