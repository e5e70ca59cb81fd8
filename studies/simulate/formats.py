"""Writes the files of the three databases as their distributors lay them out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from paiaa_jax.types import TRAITS, Array


def write_ava(
  folder: Path, jpegs: Sequence[bytes], ids: Array, counts: Array, is_test: Array
) -> None:
  """AVA.txt (15 blank-separated columns), images/, and ILGnet's train.txt and val.txt.

  Args:
    folder: new.
    jpegs: n files.
    ids: [n] image ids.
    counts: [n, 10] votes for 1..10.
    is_test: [n] bool, which go to val.txt.
  """
  (folder / "images").mkdir(parents=True)
  lines = []
  for index, (image, jpeg, votes) in enumerate(zip(ids, jpegs, counts, strict=True), start=1):
    (folder / "images" / f"{image}.jpg").write_bytes(jpeg)
    lines.append(" ".join(map(str, [index, image, *votes, 0, 0, 0])) + "\n")
  (folder / "AVA.txt").write_text("".join(lines))
  high = (counts @ np.arange(1, 11) / counts.sum(axis=1) > 5).astype(int)
  for name, members in (("train.txt", ~is_test), ("val.txt", is_test)):
    labelled = zip(ids[members], high[members], strict=True)
    listed = [f"{image}.jpg {label}" for image, label in labelled]
    (folder / name).write_text("\n".join(listed))  # the last line without a newline, as ILGnet's


def flickr_names(count: int, random: np.random.Generator) -> np.ndarray:
  """[count] file names as FLICKR-AES has them."""
  numbers = 10**9 + random.permutation(10**7)[:count]
  secrets = random.integers(16**9, 16**10, count)
  pairs = zip(numbers, secrets, strict=True)
  return np.array([f"farm{n % 9 + 1}_{n % 4000}_{n}_{s:010x}_b.jpg" for n, s in pairs])


def worker_names(count: int, random: np.random.Generator) -> np.ndarray:
  """[count] worker ids in the shape of the crowd-sourcing site's."""
  letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
  return np.array(["A" + "".join(random.choice(letters, 13)) for _ in range(count)])


def write_flickr_aes(
  folder: Path,
  jpegs: Sequence[bytes],
  names: Array,
  workers: Array,
  worker: Array,
  image: Array,
  ratings: Array,
  *,
  test_workers: Array,
) -> None:
  """The csv by worker, the mean scores, 40K/, and the hashes of this copy's test workers.

  Args:
    folder: new.
    jpegs: n files.
    names: [n] their names.
    workers: [u] ids.
    worker, image, ratings: [r] each, rows of `workers` and `names`, and scores 1..5.
    test_workers: ids of those for testing.
  """
  (folder / "40K").mkdir(parents=True)
  for name, jpeg in zip(names, jpegs, strict=True):
    (folder / "40K" / name).write_bytes(jpeg)
  rated = zip(workers[worker], names[image], ratings, strict=True)
  rows = [f"{user},{name},{score}\n" for user, name, score in rated]
  header = "worker, imagePair, score\n"
  (folder / "FLICKR-AES_image_labeled_by_each_worker.csv").write_text(header + "".join(rows))
  count = np.bincount(image, minlength=len(names))
  mean = np.bincount(image, ratings, minlength=len(names)) / np.maximum(count, 1)
  has_any = count > 0
  means = zip(names[has_any], mean[has_any], strict=True)
  scored = [f"{name} {(score - 1) / 4:.4f}\n" for name, score in means]
  (folder / "FLICKR-AES_image_score.txt").write_text("".join(scored))
  hashes = [hashlib.sha256(f"flickr-aes:{name}".encode()).hexdigest() for name in test_workers]
  (folder / "test_workers.sha256").write_text("\n".join(sorted(hashes)) + "\n")


def write_psychoflickr(
  folder: Path, rows: Sequence[tuple[str, bytes, str]], traits: Mapping[str, Mapping[str, Array]]
) -> None:
  """images/<user>/<image>.jpg and a blank-separated table of each kind of traits, -4..4.

  Args:
    folder: new.
    rows: (path "user/image.jpg", file, user) an image.
    traits: kind ("attributed", "self") -> user -> [5].
  """
  for name, jpeg, _ in rows:
    path = folder / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg)
  for kind, by_user in traits.items():
    lines = ["image " + " ".join(TRAITS) + "\n"]
    for name, _, user in rows:
      lines.append(f"{name} " + " ".join(f"{value:g}" for value in by_user[user]) + "\n")
    (folder / f"{kind}.txt").write_text("".join(lines))
