"""The page's Python, run as it stands there; wrong input from Python is a ValueError."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import paiaa_jax
from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.photos import profile_file
from tests.photos.conftest import save_photo
from tests.photos.tiny_model import save_tiny_model

PAGE = Path(__file__).parents[2] / "docs" / "photos.md"


@pytest.fixture
def opened(model_path):
  return paiaa_jax.load(model_path, batch_size=8)


def test_the_page_runs_as_it_is_written(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  monkeypatch.setenv("PAIAA_MODEL", str(save_tiny_model(tmp_path / "model")))
  random = np.random.default_rng(0)
  paths = [str(save_photo(tmp_path / name, random)) for name in ("a.jpg", "b.jpg", "c.jpg")]
  given = {"paths": paths, "ratings": [5, 1, 3]}
  code, of_datasets = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
  exec(code, given)
  predictions = given["predictions"]
  assert predictions.score.shape == predictions.std.shape == (2,)
  assert predictions.distribution.shape == predictions.traits.shape == (2, 5)
  np.testing.assert_allclose(predictions.distribution.sum(axis=1), 1, atol=1e-5)
  assert predictions.personal(given["profile"]).shape == (2,)

  class Dataset:
    """A dataset of one batch, as far as the page asks for one."""

    def map(self, function, *, batched, batch_size):
      assert batched and batch_size == 32
      return function({"image": [*map(Image.open, paths), b"none"]})

  exec(of_datasets, found := {"dataset": Dataset()})
  scores = found["dataset"]["aesthetic_score"]
  expected = given["model"].score(list(map(Image.open, paths))).score
  np.testing.assert_array_equal(scores[:3], expected)
  assert len(scores) == 4 and scores[3] is None


PIXELS = np.random.default_rng(0).integers(0, 256, (36, 48, 4), np.uint8)
TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.parametrize(
  ("pixels", "options"),
  [
    (PIXELS[..., :3], {}),
    (PIXELS[..., :3], {"exif": TURNED}),
    (PIXELS, {}),
    (PIXELS[..., 0].astype(np.uint16) << 8, {}),
  ],
  ids=["rgb", "turned", "transparent", "16-bit grey"],
)
def test_a_picture_is_the_same_in_every_form(opened, tmp_path, pixels, options):
  path = tmp_path / "a.png"
  Image.fromarray(pixels).save(path, **options)
  upright = images.decode(path)
  forms = [path, str(path), path.read_bytes(), Image.open(path), upright]
  scores = opened.score(forms).score
  np.testing.assert_array_equal(scores, scores[:1].repeat(5))


def test_one_picture_needs_no_list_and_bad_files_are_skipped_if_asked(opened, photos):
  paths = sorted(photos.iterdir())[:4]
  every = opened.score(paths)
  np.testing.assert_array_equal(opened.score(str(paths[2])).score, every.score[2:3])
  found = opened.score([paths[0], "gone.jpg", b"no image", paths[3]], errors="skip")
  assert found.index.tolist() == [0, 3] and every.index.tolist() == [0, 1, 2, 3]
  np.testing.assert_array_equal(found.score, every.score[[0, 3]])


def test_a_saved_profile_scores_alike_its_parts_sum_up_and_no_rated_photograph_is_suggested(
  opened, photos, tmp_path
):
  paths = sorted(photos.iterdir())
  predictions = opened.score(paths)
  profile = opened.personalize(paths[:6], [1, 5, 2, 4, 3, 5])
  profile_file.save(profile, tmp_path / "me.json")
  again = opened.load_profile(tmp_path / "me.json")
  np.testing.assert_allclose(predictions.personal(again), predictions.personal(profile), rtol=1e-6)
  parts = predictions.explain(profile)
  np.testing.assert_allclose(parts.personal, predictions.personal(profile), rtol=1e-6)
  chosen = predictions.suggest(5, rated=range(6))
  assert len(set(chosen)) == 5 and min(chosen) >= 6


def test_no_images_have_no_scores(opened):
  assert opened.score([]).score.shape == (0,)


@pytest.mark.parametrize(
  ("picture", "says"),
  [
    (np.zeros((8, 8), np.uint8), "uint8"),
    (np.zeros((8, 8, 3)), "float64"),
  ],
)
def test_what_is_no_picture_is_refused(opened, picture, says):
  with pytest.raises(ValueError, match=says):
    opened.score([picture])
  with pytest.raises(UserError, match="not an image"):
    opened.score([b"no image"])
  with pytest.raises(UserError, match=r"gone\.jpg is missing"):
    opened.score(["gone.jpg"])


def test_ratings_out_of_scale_are_refused(opened, photos):
  paths = sorted(photos.iterdir())[:4]
  with pytest.raises(ValueError, match="rating"):
    opened.personalize(paths, [1, 2, 3, 85])
  assert opened.personalize(paths, [10, 20, 30, 85], (0, 100)).rating_scale == (0, 100)
