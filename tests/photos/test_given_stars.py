"""Ratings of a photo manager become ratings to learn from; one odd file stops none of them."""

import errno
import io
import json
import os
import sys

import numpy as np
import pytest
from PIL import Image

from paiaa_jax import cli
from paiaa_jax.photos import given_stars, xmp
from paiaa_jax.photos.ratings import Ratings
from tests.photos.conftest import save_photo
from tests.photos.packets import packet


def rate(photos, *ratings, attributes=""):
  """Sidecars of 00.jpg, 01.jpg, ... with these ratings; None: none."""
  for i, rating in enumerate(ratings):
    if rating is not None:
      data = packet(f'xmp:Rating="{rating}" {attributes}')
      (photos / f"{i:02d}.jpg.xmp").write_bytes(data)
  return photos


@pytest.fixture
def personalize(model_path, tmp_path, monkeypatch, capsys):
  """Runs `paiaa personalize --from-xmp` -> (exit code, stderr, profile or None)."""
  monkeypatch.setenv("PAIAA_MODEL", str(model_path))
  monkeypatch.setenv("PAIAA_CACHE", str(tmp_path / "cache.sqlite"))
  monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "as it was")

  def run(folder, *options):
    out = tmp_path / "me.json"
    command = ["paiaa", "personalize", f"--from-xmp={folder}", f"--output={out}", *options]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
      cli.main()
    profile = json.loads(out.read_text()) if out.exists() else None
    return stopped.value.code, capsys.readouterr().err, profile

  return run


def test_stars_of_a_person_are_ratings_and_ours_are_not(photos):
  xmp.write_predicted(photos / "00.jpg", 3)
  ours = (photos / "00.jpg.xmp").read_bytes()
  (photos / "01.jpg.xmp").write_bytes(ours.replace(b'xmp:Rating="3"', b'xmp:Rating="4"'))
  found = given_stars.read_stars([photos], recursive=False)
  assert found == Ratings([photos / "01.jpg"], [4.0], (1.0, 5.0))


def test_half_stars_stay_halves_and_a_rejection_is_handed_on(photos):
  found = given_stars.read_stars([rate(photos, 0.5, 3.5, 4.5, -1, 0, None)], recursive=False)
  names = [path.name for path in found.paths]
  assert names == ["00.jpg", "01.jpg", "02.jpg", "03.jpg"]
  assert found.values == [0.5, 3.5, 4.5, -1.0] and found.scale == (0.5, 5.0)
  assert given_stars.read_stars([rate(photos, 1.5)], recursive=False).scale == (1.0, 5.0)


def test_a_rejection_is_learnt_from_as_at_most_the_lowest_rating(personalize, photos):
  code, err, profile = personalize(rate(photos, 2, -1, -1, 5, -1))
  assert code == 0 and profile["ratings"] == [2, None, None, 5, None]
  assert profile["rejected"] == [False, True, True, False, True]
  assert "2 ratings and 3 rejections:" in err


def stars(profile):
  return [profile["ratings"].count(star) for star in range(1, 6)]


ODD = {
  "empty": b"",
  "no xmp": b"\0\1\2",
  "not understood": packet("", "<xmp:Rating/>"),
  "endless": packet('xmp:Rating="1e999"'),
  "more than five": packet('xmp:Rating="7"'),
  "below a rejection": packet('xmp:Rating="-2"'),
}


@pytest.mark.parametrize("kind", ODD)
def test_one_odd_sidecar_is_named_and_the_others_are_learnt_from(personalize, photos, kind):
  rate(photos, None, 3, 5, 1)
  (photos / "00.jpg.xmp").write_bytes(ODD[kind])
  code, err, profile = personalize(photos)
  assert code == 0 and len(profile["ratings"]) == 3 and profile["ratings"] == [3, 5, 1]
  assert f"{photos / '00.jpg'}: passed over: " in err and err.count("passed over") == 1


def test_one_odd_photograph_is_named_and_the_others_are_learnt_from(personalize, photos):
  rate(photos, 2, 3, 5, 1)
  (photos / "05.jpg").write_bytes(b"no image")
  (photos / "06.jpg").unlink()
  (photos / "06.jpg").symlink_to("06.jpg")
  block = Image.Exif()
  block[0x4746] = "many"
  save_photo(photos / "07.jpg", np.random.default_rng(7), exif=block.tobytes())
  code, err, profile = personalize(photos)
  assert code == 0 and len(profile["ratings"]) == 4
  assert [name for name in ("05.jpg", "06.jpg", "07.jpg") if f"{name}: passed over: " in err] == [
    "05.jpg",
    "06.jpg",
    "07.jpg",
  ]


@pytest.mark.parametrize("value", [(1, 1, b"\4\0\0\0"), (2, 2, b"4\0\0\0")], ids=["byte", "ascii"])
def test_ratings_in_exif_of_any_type_are_learnt_from(personalize, photos, value):
  kind, count, packed = value
  head = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x46\x47"
  block = head + kind.to_bytes(2, "little") + count.to_bytes(4, "little") + packed + bytes(4)
  for i in range(4):
    save_photo(photos / f"{i:02d}.jpg", np.random.default_rng(i), exif=block)
  code, err, profile = personalize(photos)
  assert code == 0 and stars(profile) == [0, 0, 0, 4, 0] and "passed over" not in err


def test_half_stars_are_learnt_from(personalize, photos):
  code, err, profile = personalize(rate(photos, 0.5, 3.5, 5, 2, -1))
  assert code == 0 and profile["ratings"] == [0.5, 3.5, 5, 2, None]
  assert profile["rating_scale"] == [0.5, 5.0] and "passed over" not in err


def test_a_profile_is_written_whole_or_not_at_all(personalize, photos, tmp_path, monkeypatch):
  _, _, former = personalize(rate(photos, 2, 3, 5, 1))

  def full(_):
    raise OSError(errno.ENOSPC, "No space left on device")

  monkeypatch.setattr(os, "fsync", full)
  code, err, profile = personalize(rate(photos, 5, 3, 2, 1))
  assert code == 2 and "me.json cannot be written: No space left on device" in err
  assert profile == former and not list(tmp_path.glob(".*.partial"))


def test_shared_sidecars_are_named_and_left_out(photos, capsys):
  save_photo(photos / "01.png", np.random.default_rng(1))
  (photos / "01.xmp").write_bytes(packet('xmp:Rating="4"'))
  assert given_stars.read_stars([photos], recursive=False).paths == []
  assert "01.jpg shares 01.xmp with 01.png: whose stars" in capsys.readouterr().err


DARKTABLE = 'darktable:xmp_version="5"'


def darktables(photos):
  """Fifteen from darktable, of which it gave twelve their star itself."""
  return rate(photos, *[1] * 12, 3, 4, 5, attributes=DARKTABLE)


def test_darktables_initial_star_is_told_and_whoever_cannot_be_asked_can_say_it(
  personalize, photos
):
  told = "12 of 15 ratings are 1 star by darktable, which it gives on import"
  code, err, profile = personalize(darktables(photos))
  assert code == 0 and f"{told}; they are left out. --initial-star counts them" in err
  assert stars(profile) == [0, 0, 1, 1, 1]
  code, err, profile = personalize(photos, "--initial-star")
  assert f"{told}; they are counted" in err and stars(profile) == [12, 0, 1, 1, 1]
  code, err, profile = personalize(photos, "--no-initial-star")
  assert f"{told}; they are left out\n" in err and stars(profile) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(("answer", "count"), [("y\n", 15), ("YES\n", 15), ("\n", 3), ("", 3)])
def test_a_person_is_asked_whether_darktables_stars_count(photos, answer, count, monkeypatch):
  found = given_stars.read_stars([darktables(photos)], recursive=False)
  terminal, said = io.StringIO(answer), io.StringIO()
  terminal.isatty = said.isatty = lambda: True
  monkeypatch.setattr(sys, "stdin", terminal)
  monkeypatch.setattr(sys, "stderr", said)
  assert len(given_stars.settle_initial(found, None).paths) == count
  assert "12 of 15" in said.getvalue() and "Did you give them? [y/N]" in said.getvalue()


def test_other_stars_and_other_programs_are_not_asked_about(photos, capsys):
  found = given_stars.read_stars([rate(photos, 1, 1, 1, 2)], recursive=False)
  assert given_stars.settle_initial(found, None) == found and not capsys.readouterr().err
  ours = 'xmlns:p="https://paiaa.invalid/ns/1.0/" p:PredictedRating="1"'
  found = given_stars.read_stars([rate(photos, 1, attributes=f"{DARKTABLE} {ours}")], False)
  assert len(found.paths) == 3 and not found.initial
