"""What leaves the page: stars in sidecars, copies of the best, and files to take away.

Stars and copies are made by the code of `paiaa stars` and `paiaa rank --copy-to`. Photographs are
only read; nothing that is there is written over.
"""

from __future__ import annotations

import csv
import io
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.photos import best, profile_file, stars
from paiaa_jax.photos.names import cell, path_of, printable
from paiaa_jax.photos.ratings import COLUMNS, REJECTED_TEXT
from paiaa_jax.web.collection import OUTSIDE, Collection
from paiaa_jax.web.marks import REJECTED
from paiaa_jax.web.session import Session
from paiaa_jax.web.told import NO_PROFILE
from paiaa_jax.web.view import View, learn

MOST_FOLDERS = 1000  # of copies, numbered
_TURN = threading.Lock()  # one at a time writes


def give_stars(
  collection: Collection, view: View, numbers: Sequence[int] | None, write: bool
) -> dict[str, Any]:
  """The stars of all scored photographs or of these, told or written."""
  if view.profile is None:
    raise UserError(NO_PROFILE)
  asked = view.rows if numbers is None else np.asarray(numbers, int)
  asked = [int(number) for number in asked if not np.isnan(view.stars[number])]
  _check_inside(collection, asked)
  with _TURN:
    paths = [collection.paths[number] for number in asked]
    plans = stars.plan_of(paths, [int(view.stars[number]) for number in asked])
    plans = stars.write(plans) if write else plans
  rows = [
    {"id": number, "name": collection.names[number], "stars": one.stars, "what": one.what}
    for number, one in zip(asked, plans, strict=True)
  ]
  return {"rows": rows, "written": sum(one.what == "written" for one in plans)}


def copy_best(
  collection: Collection,
  view: View,
  place: Path,
  numbers: Sequence[int] | None,
  count: int,
  by: Literal["personal", "generic"],
  write: bool,
) -> dict[str, Any]:
  """Copies the best `count`, or these, in the order of their scores, into a new folder."""
  ranking = view.personal if by == "personal" else view.generic
  if by == "personal" and view.profile is None:
    raise UserError(NO_PROFILE)
  asked = view.rows if numbers is None else np.asarray(numbers, int)
  worth = np.nan_to_num(ranking[asked], nan=-np.inf)
  chosen = asked[np.argsort(-worth, kind="stable")].tolist()
  chosen = chosen[:count] if numbers is None else chosen
  _check_inside(collection, chosen)
  with _TURN:
    folder = _free(place)
    paths = [collection.paths[number] for number in chosen]
    if write and paths:
      best.copy(paths, folder)
  rows = [
    {"id": number, "name": collection.names[number], "to": printable(folder / name)}
    for number, name in zip(chosen, best.names(paths), strict=True)
  ]
  return {"rows": rows, "written": len(rows) if write else 0}


def _free(place: Path) -> Path:
  """The folder, or, where it holds something, one beside it with a number."""
  for folder in [place, *(place.with_name(f"{place.name}-{i}") for i in range(2, MOST_FOLDERS))]:
    try:
      best.check_empty(folder)
    except UserError:
      continue
    return folder
  raise UserError(f"{place} and all beside it are there already.")


def _check_inside(collection: Collection, numbers: Sequence[int]) -> None:
  for number in numbers:
    if not collection.is_inside(collection.paths[number]):
      raise UserError(f"{collection.names[number]}: {OUTSIDE}.")


def ratings_csv(collection: Collection, session: Session) -> bytes:
  """A table that `paiaa personalize` reads: ratings and rejections, as last given."""
  known, marks = session.files(), session.marks()
  text = io.StringIO()
  writer = csv.writer(text, lineterminator="\n")
  writer.writerow(COLUMNS)
  for digest, rating in marks.ratings.items():
    numbers = collection.numbers(digest)
    path = collection.paths[numbers[0]].absolute() if numbers else path_of(known[digest].path)
    value = REJECTED_TEXT if rating.value == REJECTED else rating.value
    writer.writerow((cell(path), value))
  return text.getvalue().encode()


def profile_json(collection: Collection, session: Session) -> bytes:
  """What `paiaa personalize` writes of this session."""
  profile, _ = learn(collection, session.marks(), judged=True)
  if profile is None:
    raise UserError(NO_PROFILE)
  return _written(lambda path: profile_file.save(profile, path))


def session_file(session: Session) -> bytes:
  """The session as one file."""
  return _written(session.copy_to)


def _written(write: Callable[[Path], None]) -> bytes:
  with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "file"
    write(path)
    return path.read_bytes()
