"""From nothing to a page: photographs that come with the package, and ratings of nobody.

Four photographs, each cropped and developed in eight ways, make a library of 32. Twenty have a
rating by a rule, that of somebody who likes the sky more than the table.
"""

from __future__ import annotations

import csv
import shlex
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write
from paiaa_jax.photos import verbs
from paiaa_jax.photos.library import Library
from paiaa_jax.photos.ratings import read_table

SOURCES = Path(__file__).parent / "demo_photographs"
LIKED = {"galaxies": 5, "rocket": 4, "cat": 2, "coffee": 1}
QUALITY = 85

NEXT = """next, on photographs of your own:
  paiaa score PHOTOS --html top.html
  paiaa suggest PHOTOS -o ratings.csv     then fill in its column rating
  paiaa personalize ratings.csv -o me.json
  paiaa rank PHOTOS --profile me.json --html mine.html"""

Edit = Callable[[Image.Image], Image.Image]
EDITS: dict[str, tuple[Edit, int | None]] = {  # name -> (what is done, stars more; None: not rated)
  "whole": (lambda image: image, 1),
  "left": (lambda image: _crop(image, 0, 0.1, 0.65, 0.9), 0),
  "grey": (lambda image: ImageOps.grayscale(image).convert("RGB"), 0),
  "sepia": (lambda image: ImageOps.colorize(ImageOps.grayscale(image), "black", "wheat"), -1),
  "right": (lambda image: _crop(image, 0.35, 0.1, 1, 0.9), 0),
  "close": (lambda image: _crop(image, 0.25, 0.25, 0.75, 0.75), None),
  "vivid": (lambda image: ImageEnhance.Color(image).enhance(1.8), None),
  "soft": (lambda image: image.filter(ImageFilter.GaussianBlur(5)), None),
}


def run(folder: Path, browser: bool) -> None:
  """Makes the library and the ratings, does what the verbs do, and opens the page.

  Raises:
    UserError: `folder` holds something already, or cannot be written.
  """
  if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
    raise UserError(f"{folder} is there already; name a new folder: paiaa demo FOLDER.")
  photos, page = folder / "photos", folder / "top.html"
  scores, ratings, profile = folder / "scores.csv", folder / "ratings.csv", folder / "me.json"
  count, rated = write_photographs(photos), write_ratings(photos, ratings)
  verbs.say(f"{photos}: {count} photographs, made from four in the public domain")
  verbs.say(f"{ratings}: {rated} ratings, of somebody who likes the sky more than the table")
  _say_command("score", photos, "-o", scores)
  verbs.score(Library.open([photos], None), scores)
  _say_command("personalize", ratings, "-o", profile)
  given = read_table(ratings)
  verbs.personalize(Library.open(given.paths, None), given, profile)
  ranking = folder / "ranking.csv"
  more = ("--top", "0", "--html", page, "-o", ranking)
  _say_command("rank", photos, "--profile", profile, *more)
  verbs.rank(Library.open([photos], None), profile, 0, False, ranking, page)
  if not (browser and show(page)):
    verbs.say(f"open {page} in a browser")
  verbs.say(NEXT)


def write_photographs(folder: Path) -> int:
  """Writes the library of JPEGs, `cat_grey.jpg` and so on; returns how many."""
  made = list(_photographs())
  for name, image in made:
    with atomic_write(folder / name) as draft:
      image.save(draft, "JPEG", quality=QUALITY)
  return len(made)


def write_ratings(photographs: Path, out: Path) -> int:
  """Writes the table `path,rating`, whose paths are relative to it; returns how many rows."""
  rows = [
    (f"{photographs.name}/{source}_{edit}.jpg", min(max(liked + more, 1), 5))
    for source, liked in LIKED.items()
    for edit, (_, more) in EDITS.items()
    if more is not None
  ]
  with atomic_write(out) as draft, draft.open("w", encoding="utf-8", newline="") as file:
    csv.writer(file, lineterminator="\n").writerows([("path", "rating"), *rows])
  return len(rows)


def show(page: Path) -> bool:
  """Opens the page in the default browser; whether there is one."""
  try:
    return webbrowser.open(page.absolute().as_uri())
  except (webbrowser.Error, OSError):
    return False


def _say_command(*words: object) -> None:
  verbs.say(f"$ {shlex.join(['paiaa', *map(str, words)])}")


def _photographs() -> Iterator[tuple[str, Image.Image]]:
  for source in LIKED:
    with Image.open(SOURCES / f"{source}.jpg") as image:
      image.load()
    for edit, (apply, _) in EDITS.items():
      yield f"{source}_{edit}.jpg", apply(image)


def _crop(image: Image.Image, *fractions: float) -> Image.Image:
  """The part within left, top, right and bottom, as fractions of the sides."""
  sides = (image.width, image.height) * 2
  left, top, right, bottom = (
    round(part * side) for part, side in zip(fractions, sides, strict=True)
  )
  return image.crop((left, top, right, bottom))
