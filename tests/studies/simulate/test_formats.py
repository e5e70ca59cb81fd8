"""The files against the distributors' layouts, read by plain Python, and by the loaders."""

import csv
import hashlib
import re
from collections import Counter, defaultdict

import pytest
from PIL import Image

from paiaa_jax.data.databases import DATABASES
from paiaa_jax.types import TRAITS
from tests.studies.simulate.folders import CSV, FOLDERS


@pytest.fixture(scope="session")
def ratings(packaged):
  """[(worker, image, score)] of the csv by worker."""
  with (packaged / CSV).open(newline="") as file:
    header, *rows = csv.reader(file)
  assert header == ["worker", " imagePair", " score"]
  return [(worker, image, int(score)) for worker, image, score in rows]


@pytest.fixture(scope="session")
def test_workers(packaged, ratings):
  hashes = (packaged / "FLICKR-AES" / "test_workers.sha256").read_text().split()
  assert len(hashes) == 37
  workers = {worker for worker, _, _ in ratings}
  return {w for w in workers if hashlib.sha256(f"flickr-aes:{w}".encode()).hexdigest() in hashes}


def test_ava_has_fifteen_columns_and_80_to_549_votes_an_image(packaged):
  rows = [line.split(" ") for line in (packaged / "AVA" / "AVA.txt").read_text().splitlines()]
  assert {len(row) for row in rows} == {15}
  assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
  assert all(80 <= sum(map(int, row[2:12])) <= 549 for row in rows)
  images = {path.name for path in (packaged / "AVA" / "images").iterdir()}
  assert images == {f"{row[1]}.jpg" for row in rows}


def test_ava_lists_label_a_mean_above_five_as_high(packaged):
  rows = [line.split() for line in (packaged / "AVA" / "AVA.txt").read_text().splitlines()]
  counts = {row[1]: [int(count) for count in row[2:12]] for row in rows}
  listed = []
  for name in ("train.txt", "val.txt"):
    text = (packaged / "AVA" / name).read_text()
    assert not text.endswith("\n")
    listed += [line.split() for line in text.split("\n")]
  assert sorted(image for image, _ in listed) == sorted(f"{image}.jpg" for image in counts)
  for image, high in listed:
    votes = counts[image.removesuffix(".jpg")]
    total = sum(score * count for score, count in enumerate(votes, start=1))
    assert int(high) == (total > 5 * sum(votes))


def test_each_of_37_test_workers_rates_105_to_171_images(ratings, test_workers):
  rated = Counter(worker for worker, _, _ in ratings)
  assert len(rated) == 210 and len(test_workers) == 37
  assert all(105 <= rated[worker] <= 171 for worker in test_workers)


def test_training_workers_rate_five_an_image_and_none_that_test_workers_rate(ratings, test_workers):
  raters = defaultdict(list)
  for worker, image, score in ratings:
    raters[image].append(worker)
    assert 1 <= score <= 5
  assert all(len(set(workers)) == len(workers) for workers in raters.values())
  for_training = [w for w in raters.values() if not test_workers & set(w)]
  assert {len(workers) for workers in for_training} == {5}
  for_testing = [w for w in raters.values() if test_workers & set(w)]
  assert all(set(workers) <= test_workers for workers in for_testing)


def test_flickr_scores_are_the_mean_ratings_on_0_to_1(packaged, ratings):
  scores = defaultdict(list)
  for _, image, score in ratings:
    scores[image].append(score)
  lines = (packaged / "FLICKR-AES" / "FLICKR-AES_image_score.txt").read_text().splitlines()
  written = {image: float(score) for image, score in map(str.split, lines)}
  expected = {image: (sum(s) / len(s) - 1) / 4 for image, s in scores.items()}
  assert written == pytest.approx(expected, abs=1e-4)
  assert all(re.fullmatch(r"farm\d_\d+_\d+_[0-9a-f]{10}(_b)?\.jpg", image) for image in written)


def test_psychoflickr_repeats_a_persons_traits_on_each_favourite(packaged):
  folder = packaged / "PsychoFlickr"
  header, *rows = [line.split(" ") for line in (folder / "attributed.txt").read_text().splitlines()]
  assert header == ["image", *TRAITS]
  values = defaultdict(set)
  for image, *traits in rows:
    values[image.split("/")[0]].add(tuple(map(float, traits)))
    assert (folder / "images" / image).is_file()
  assert all(len(traits) == 1 for traits in values.values())
  assert all(-4 <= value <= 4 for (traits,) in values.values() for value in traits)


@pytest.mark.parametrize("name", FOLDERS)
def test_the_loaders_take_them_and_every_image_decodes(name, packaged):
  database = DATABASES[name](packaged / FOLDERS[name])
  assert set(database.images["split"]) == {"train", "validation", "test"}
  for image in database.images["path"].gather_every(20):
    with Image.open(database.image_root / image) as picture:
      picture.load()
      assert picture.format == "JPEG" and picture.mode == "RGB"
