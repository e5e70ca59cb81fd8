"""Simulated raters over real photographs, written as the databases' distributors lay them out.

`write` makes <out>/AVA, <out>/FLICKR-AES and <out>/PsychoFlickr, and <out>/truth with the latent
state for a report's 'planted' rows and its oracle's ceiling. The photographs are real, their edits
photographic (photographs.py); the raters follow a latent model (raters.py); formats.py writes the
files. No photograph for testing shares its source with one for training; on PsychoFlickr, in its
default fold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from paiaa_jax import files, rng
from paiaa_jax.data.databases import draws
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS
from studies.simulate import formats, photographs, raters

TRAIN_IMAGES, TEST_IMAGES = 320, 220
TRAIN_WORKERS, TEST_WORKERS = 173, 37
RATERS_AN_IMAGE = 5
RATED_BY_TEST_WORKER = (105, 171)  # fewest and most images
PEOPLE, FAVOURITES = 100, 8  # of PsychoFlickr
PSYCHOFLICKR_FOLDS = 10
SETTINGS = "simulation.json"


def write(
  out: str | Path,
  *,
  photos: str | Path | None = None,
  seed: int = 0,
  null: bool = False,
  heavy_tails: bool = False,
) -> None:
  """Writes the three databases and the truth, unless `out` holds the same simulation already.

  Args:
    out: a new folder; it appears when all of it is written.
    photos: a folder of at least six photographs of one's own; None: those of installed packages.
    seed: of edits and raters. The same seed gives the same photographs and people, bit for bit.
    null: every personal weight is zero, so that there is nothing to personalise.
    heavy_tails: personal weights from Student's t instead of a Gaussian. Who rates what, and the
      raters' noise, stay as they are.

  Raises:
    UserError: `out` holds something else, or a simulation with other settings; `null` and
      `heavy_tails` together; or photographs that are missing, unreadable or too small.
  """
  if null and heavy_tails:
    raise UserError("null and heavy_tails exclude each other; choose one.")
  out = Path(out)
  settings = dict(photos=str(photos or ""), seed=seed, null=null, heavy_tails=heavy_tails)
  if out.exists() and (out.is_file() or any(out.iterdir())):
    if _settings_of(out) == settings:
      return
    raise UserError(f"{out} holds something else; remove it or choose another --out.")
  train, test = photographs.find_sources(Path(photos) if photos else None)
  photos_train = photographs.derive(train, TRAIN_IMAGES, seed)
  photos_test = photographs.derive(test, TEST_IMAGES, seed)
  everything = photos_train + photos_test
  latent = raters.latent_state(everything, seed)

  with files.atomic_write(out) as draft:
    sources = {
      "AVA": _write_ava(draft / "AVA", everything, latent, seed),
      "FLICKR-AES": _write_flickr_aes(draft, everything, latent, seed, null, heavy_tails),
      "PsychoFlickr": _write_psychoflickr(draft / "PsychoFlickr", everything, latent, seed),
    }
    files.write_json(draft / "truth" / "sources.json", sources)
    files.write_json(draft / SETTINGS, settings)
    if out.exists():
      out.rmdir()


def _settings_of(out: Path) -> dict | None:
  path = out / SETTINGS
  return files.read_json(path) if path.is_file() else None


def _write_ava(folder: Path, photos: list, latent: raters.Latent, seed: int) -> dict[str, str]:
  random = rng.generator(seed, "simulate/ava")
  counts = raters.ava_counts(latent, random)
  ids = 1000 + random.permutation(900_000)[: len(photos)]
  is_test = np.arange(len(photos)) >= TRAIN_IMAGES
  formats.write_ava(folder, [photo.jpeg for photo in photos], ids, counts, is_test)
  return {f"{image}.jpg": photo.source for image, photo in zip(ids, photos, strict=True)}


def _write_flickr_aes(
  out: Path, photos: list, latent: raters.Latent, seed: int, null: bool, heavy_tails: bool
) -> dict[str, str]:
  """Training workers rate training photographs, five an image; test workers rate test ones."""
  random = rng.generator(seed, "simulate/flickr_aes")
  names = formats.flickr_names(len(photos), random)
  workers = formats.worker_names(TRAIN_WORKERS + TEST_WORKERS, random)
  weights = raters.draw_weights(len(workers), random, null=null, heavy_tails=heavy_tails)
  scores = raters.personal_scores(latent, weights)

  pairs = [
    (worker, image)
    for image in range(TRAIN_IMAGES)
    for worker in random.choice(TRAIN_WORKERS, RATERS_AN_IMAGE, replace=False)
  ]
  low, high = RATED_BY_TEST_WORKER
  for worker in range(TRAIN_WORKERS, len(workers)):
    count = random.integers(low, high + 1)
    rated = TRAIN_IMAGES + random.choice(TEST_IMAGES, count, replace=False)
    pairs += [(worker, image) for image in rated]
  worker, image = np.array(pairs).T
  ratings = raters.rate(scores[worker, image], random)

  formats.write_flickr_aes(
    out / "FLICKR-AES",
    [photo.jpeg for photo in photos],
    names,
    workers,
    worker,
    image,
    ratings,
    test_workers=workers[TRAIN_WORKERS:],
  )
  truth = out / "truth"
  truth.mkdir()
  _images_truth(names, latent).write_parquet(truth / "flickr_aes_images.parquet")
  pl.DataFrame(
    {"user": workers[worker], "path": names[image], "score": scores[worker, image]}
  ).write_parquet(truth / "flickr_aes_scores.parquet")
  pl.DataFrame({"user": workers, **dict(zip(TRAITS, weights.T, strict=True))}).write_parquet(
    truth / "flickr_aes_weights.parquet"
  )
  return {name: photo.source for name, photo in zip(names, photos, strict=True)}


def _write_psychoflickr(
  folder: Path, photos: list, latent: raters.Latent, seed: int
) -> dict[str, str]:
  """People in the loader's first fold, its test split, have favourites among test photographs.

  Those of the nine other folds have theirs among the training photographs. So the first fold, the
  default, is the only one that tests on photographs that no network has seen.
  """
  random = rng.generator(seed, "simulate/psychoflickr")
  people = [f"user{number:03d}" for number in range(PEOPLE)]
  tested = draws.fold_members(pl.Series(people), 0, PSYCHOFLICKR_FOLDS, 0, "psychoflickr folds")
  traits = np.clip(np.round(1.6 * random.normal(size=(PEOPLE, len(TRAITS)))), -4, 4)
  traits[~traits.any(axis=1), 0] = 1  # a person without any trait would have no favourites
  own = raters.self_assessed(traits, random.spawn(1)[0])
  sources, rows = {}, []
  for person, values in zip(people, traits, strict=True):
    pool = np.arange(TRAIN_IMAGES, len(photos)) if person in tested else np.arange(TRAIN_IMAGES)
    for image in pool[raters.favourites(latent.take(pool), values, FAVOURITES, random)]:
      name = f"{person}/{image:04d}.jpg"
      rows.append((name, photos[image].jpeg, person))
      sources[name] = photos[image].source
  kinds = {"attributed": traits, "self": own}
  by_person = {kind: dict(zip(people, values, strict=True)) for kind, values in kinds.items()}
  formats.write_psychoflickr(folder, rows, by_person)
  return sources


def _images_truth(names: np.ndarray, latent: raters.Latent) -> pl.DataFrame:
  traits = dict(zip(TRAITS, latent.traits.T, strict=True))
  return pl.DataFrame({"path": names, "generic": latent.generic, **traits})
