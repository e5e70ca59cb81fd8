"""The latent state: what was planted, how well it could be known, and what the options change."""

import csv
import filecmp
import json
from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from paiaa_jax.data.databases import DATABASES
from paiaa_jax.types import TRAITS
from studies.simulate import raters
from tests.studies.simulate.folders import CSV, FOLDERS

TABLE_4 = {"ava": (-0.0753, 0.6752, -0.1034, 0.4633, -0.3864)}
TABLE_4["flickr_aes"] = (-0.1463, 0.8421, -0.2347, 0.6457, -0.6355)


def read(folder, name):
  return pl.read_parquet(folder / "truth" / f"flickr_aes_{name}.parquet")


def rated_pairs(folder):
  """The csv's `user, path, rating` with the noise-free `score` and the image's `generic`."""
  table = pl.read_csv(folder / CSV, new_columns=["user", "path", "rating"])
  joined = table.join(read(folder, "scores"), ["user", "path"]).join(read(folder, "images"), "path")
  assert joined.height == table.height
  return joined


def mean_srcc(folder, column):
  """Mean over the test workers (who alone rate 105 and more)."""
  users = [user for _, user in rated_pairs(folder).group_by("user") if user.height >= 105]
  return np.mean([spearmanr(user[column], user["rating"]).statistic for user in users])


@pytest.mark.parametrize("name", FOLDERS)
def test_no_source_has_photographs_in_training_and_in_testing(name, packaged):
  sources = json.loads((packaged / "truth" / "sources.json").read_text())[FOLDERS[name]]
  images = DATABASES[name](packaged / FOLDERS[name]).images
  assert sources.keys() == set(images["path"])
  by_split = defaultdict(set)
  for image, split in images.iter_rows():
    by_split["test" if split == "test" else "training"].add(sources[image])
  assert by_split["test"].isdisjoint(by_split["training"])
  assert len(by_split["test"] | by_split["training"]) == 7


def test_generic_beauty_goes_with_traits_by_the_signs_of_table_4(packaged):
  images = read(packaged, "images")
  planted = [spearmanr(images["generic"], images[trait]).statistic for trait in TRAITS]
  for published in TABLE_4.values():
    assert list(np.sign(planted)) == list(np.sign(published))


def test_each_trait_says_what_neither_generic_beauty_nor_the_others_say(packaged):
  images = read(packaged, "images")
  correlations = np.corrcoef(images.select("generic", *TRAITS).to_numpy().T)
  inflation = np.diag(np.linalg.inv(correlations))[1:]
  assert np.all(inflation < 10)  # the usual bound of collinearity
  assert np.allclose(images.select(TRAITS).to_numpy().std(0), raters.TRAIT_SPREAD)


def test_the_noise_free_score_is_the_equation(packaged):
  pairs = rated_pairs(packaged).join(read(packaged, "weights"), "user", suffix="_weight")
  traits = pairs.select(TRAITS).to_numpy()
  weights = pairs.select([f"{trait}_weight" for trait in TRAITS]).to_numpy()
  expected = 3 + raters.GENERIC_SPREAD * pairs["generic"].to_numpy() + (traits * weights).sum(1)
  np.testing.assert_allclose(pairs["score"], expected, atol=1e-12)
  error = pairs["rating"].to_numpy() - np.clip(expected, 1, 5)
  assert (
    abs(error.mean()) < 0.05 and 0.9 < error.std() / np.hypot(raters.RATER_NOISE, 12**-0.5) < 1.1
  )


def test_agreement_is_what_the_constants_are_said_to_give(packaged):
  assert mean_srcc(packaged, "generic") == pytest.approx(0.57, abs=0.04)
  assert mean_srcc(packaged, "score") == pytest.approx(0.76, abs=0.04)


def test_likers_traits_follow_the_photographs(packaged):
  """A trait of the people who favour a photograph rises with that trait of the photograph."""
  sources = json.loads((packaged / "truth" / "sources.json").read_text())["PsychoFlickr"]
  assert len(sources) == 800
  names = [image.split("/")[1] for image in sources]
  truth = read(packaged, "images").with_row_index("number")
  table = pl.read_csv(packaged / "PsychoFlickr" / "attributed.txt", separator=" ")
  assert table["image"].str.split("/").list.get(1).to_list() == names
  numbers = pl.Series([int(name.removesuffix(".jpg")) for name in names])
  for trait in TRAITS:
    latent = truth[trait].gather(numbers)
    assert spearmanr(latent, table[trait]).statistic > 0.2, trait


def test_without_weights_the_oracle_knows_no_more_than_the_generic_score(small):
  null = small(null=True)
  assert not read(null, "weights").select(TRAITS).to_numpy().any()
  assert mean_srcc(null, "score") == pytest.approx(mean_srcc(null, "generic"), abs=1e-12)
  plain = small()
  assert mean_srcc(plain, "score") > mean_srcc(plain, "generic") + 0.1


def test_heavy_tails_have_the_same_spread_and_larger_extremes():
  random = np.random.default_rng(0)
  gaussian = raters.draw_weights(20_000, random, null=False, heavy_tails=False)
  heavy = raters.draw_weights(20_000, random, null=False, heavy_tails=True)
  median, largest = np.median(np.abs(heavy)), np.abs(heavy).max()
  assert median < np.median(np.abs(gaussian)) and largest > 3 * np.abs(gaussian).max()


@pytest.mark.parametrize("option", ["null", "heavy_tails"])
def test_an_option_changes_scores_and_neither_photographs_nor_who_rates_what(option, small):
  plain, other = small(), small(**{option: True})
  columns = [
    list(zip(*csv.reader((folder / CSV).read_text().splitlines()), strict=True))
    for folder in (plain, other)
  ]
  assert columns[0][:2] == columns[1][:2] and columns[0][2] != columns[1][2]
  assert read(plain, "images").equals(read(other, "images"))
  compared = filecmp.dircmp(plain / "FLICKR-AES" / "40K", other / "FLICKR-AES" / "40K")
  assert len(compared.same_files) == 540 and not compared.diff_files + compared.left_only
