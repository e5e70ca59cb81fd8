"""Takes of one moment are one burst; the best of them is in the first place."""

import numpy as np

from paiaa_jax.photos import bursts, files
from tests.photos.conftest import save_photo

NAN = float("nan")


def group(taken, look):
  return bursts.group_bursts(np.asarray(taken, float), np.asarray(look, np.uint64)).tolist()


def test_near_in_time_and_alike_is_one_burst():
  assert group([100, 101, 102], [0, 1, 3]) == [0, 0, 0]


def test_far_in_time_or_unlike_is_another():
  unlike = 2**bursts.SAME_SCENE * 2 - 1  # one bit more than a scene may differ in
  assert group([100, 100 + bursts.GAP + 0.1], [0, 0]) == [0, 1]
  assert group([100, 101], [0, unlike]) == [0, 1]


def test_order_of_files_does_not_matter_and_numbers_follow_it():
  assert group([500, 100, 501, 101], [0, 0, 0, 0]) == [0, 1, 0, 1]


def test_without_a_time_only_the_same_picture_joins():
  assert group([NAN, NAN, NAN], [0, 0b1111, 0b111111110000]) == [0, 0, 1]
  assert group([100, NAN], [0, 0]) == [0, 0]
  assert group([], []) == []


def test_places_count_from_the_best_of_each_burst():
  places = bursts.places(np.asarray([0, 1, 0, 1, 2]), np.asarray([1.0, 5, 3, 4, 2]))
  assert places.tolist() == [2, 1, 1, 2, 1]


def test_look_and_time_of_real_files(tmp_path):
  random = np.random.default_rng(0)
  from PIL import Image

  exif = Image.Exif()
  exif.get_ifd(0x8769).update({0x9003: "2026:05:04 10:11:12", 0x9291: "25"})
  colours = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)
  scene = Image.fromarray(colours).resize((80, 60))
  scene.save(tmp_path / "a.jpg", exif=exif, quality=95)
  scene.save(tmp_path / "b.jpg", quality=60)  # the same scene, other bytes
  save_photo(tmp_path / "c.jpg", random)
  a, b, c = (files.decode((tmp_path / f"{name}.jpg").read_bytes(), 32) for name in "abc")
  assert (a.look ^ b.look).bit_count() <= bursts.SAME_SCENE < (a.look ^ c.look).bit_count()
  assert a.taken % 60 == 12.25 and np.isnan(b.taken)
