"""protocol.md says what the code does: its algorithm, its vectors, its numbers and its columns."""

import re
from pathlib import Path

import numpy as np
import pytest

from paiaa_jax import personalization as pz
from paiaa_jax.apps import benchmark
from paiaa_jax.apps.benchmark import PROTOCOL, SEED, SHOTS, SPLITS, read_people, run
from paiaa_jax.data.databases import flickr_aes
from paiaa_jax.personalization import statistics
from tests.apps.benchmark.tiny import noise, read

PAGE = (Path(benchmark.__file__).parent / "protocol.md").read_text(encoding="utf-8")
BITS = 2**64
VECTOR = re.compile(r"^\| (-?\d+) \| (\d+) \| `(.+)` \| `(.+)` \| `([0-9a-f]{16})` \|$", re.M)


def hash_text(text):
  h = 0xCBF29CE484222325
  for c in text:
    h = (h ^ ord(c)) * 0x100000001B3 % BITS
  return h


def mix(x):
  x = (x + 0x9E3779B97F4A7C15) % BITS
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % BITS
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB % BITS
  return x ^ (x >> 31)


def key(seed, split, user, image):
  """As the page has it, in plain Python."""
  stream = mix((split + mix(seed % BITS)) % BITS)
  return mix(hash_text(image) ^ mix(hash_text(user) ^ stream))


def test_the_three_vectors_are_the_algorithms():
  vectors = VECTOR.findall(PAGE)
  assert len(vectors) == 3
  for seed, split, user, image, expected in vectors:
    assert f"{key(int(seed), int(split), user, image):016x}" == expected


@pytest.mark.parametrize("seed", [0, -1, 12])
def test_the_splits_are_the_order_of_the_pages_keys(seed):
  users = ["ann", "Zoë", "7"]
  images = np.array([[f"{u}/写真 {i}.jpg" for i in range(9 - u)] + [""] * u for u in range(3)])
  zeros = np.zeros(images.size)
  made = pz.make_users(
    pz.make_images(zeros, zeros[:, None]),
    np.arange(images.size).reshape(images.shape),
    np.zeros(images.shape),
    images != "",
    user_ids=users,
    image_ids=images.ravel(),
  )
  draws = pz.draw_splits(made, pz.Protocol(SHOTS, num_splits=4, seed=seed))
  for u, user in enumerate(users):
    own = [image for image in images[u] if image]
    for split in range(4):
      order = sorted(own, key=lambda image: key(seed, split, user, image))
      positions = [order.index(image) for image in own]
      assert draws.position[u, : len(own), split].tolist() == positions


def test_the_written_splits_are_the_pages_too(place):
  users, _ = read_people.read(place.folder / "ratings.csv", "")
  frame = read_people.splits_table(users, pz.draw_splits(users, pz.Protocol(SHOTS, num_splits=2)))
  for (user, split), own in frame.group_by("user", "split"):
    order = sorted(own["path"], key=lambda image: key(0, split, user, image))
    assert own.sort("position")["path"].to_list() == order


def test_the_pages_numbers_are_the_codes():
  assert f"Version {PROTOCOL}." in PAGE
  assert f"**{SPLITS} splits**, numbered 0 to {SPLITS - 1}, and the seed is **{SEED}**" in PAGE
  assert f"{statistics.RESAMPLES:,} resamples" in PAGE
  assert "**k = {}** and **k = {}**".format(*SHOTS) in PAGE
  assert f"the {len(flickr_aes.read_hashes(flickr_aes.PACKAGED_HASHES))} workers" in PAGE


def test_the_pages_columns_are_the_files(place):
  given = read(place, noise(place), place.folder / "generic.csv")
  result = run.evaluate(*given, seed=0)
  section = PAGE.partition("**per_user.csv**")[2]
  said = [name for row in re.findall(r"^\| (`.*?) \|", section, re.M)
          for name in re.findall(r"`(\w+)`", row)]  # fmt: skip
  assert run.user_table(result).columns == said
  for name in result["by_shots"]["8"]:
    assert f"`{name}`" in section
