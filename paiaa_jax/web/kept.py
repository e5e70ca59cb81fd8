"""A session that was kept, as the ratings that `paiaa personalize` learns from."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.photos import files
from paiaa_jax.photos.names import counted, path_of
from paiaa_jax.photos.ratings import STARS, Ratings
from paiaa_jax.photos.star_values import REJECTED
from paiaa_jax.web.given import given_of
from paiaa_jax.web.session import Seen, Session


def read(path: Path) -> Ratings:
  """What was told of the photographs that are still where they were, in the page's order.

  Others are counted on stderr, and left out with their comparisons.

  Raises:
    UserError: a file that is no session.
  """
  session = Session(path)
  try:
    digests, given = given_of(session.marks())
    known, start = session.files(), session.start
  finally:
    session.close()
  rows = [row for row, digest in enumerate(digests) if _is_there(digest, known.get(digest))]
  if missing := len(digests) - len(rows):
    print(
      f"{counted(missing, 'photograph')} of the session not found; `paiaa rate` on the folder "
      "where they are now finds them again",
      file=sys.stderr,
    )
  given = given.take(np.asarray(rows, int))
  values = np.where(given.rejected, REJECTED, given.ratings)
  paths = [path_of(known[digests[row]].path) for row in rows]
  return Ratings(paths, values.tolist(), STARS, choices=given.choices, start=start)


def _is_there(digest: bytes, seen: Seen | None) -> bool:
  """Whether the photograph is at its place: by its size and time, else by its content."""
  if seen is None:
    return False
  path = path_of(seen.path)
  try:
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (seen.size, seen.mtime_ns):
      return True
    return files.digest_of(files.read_bytes(path)) == digest
  except (OSError, UserError):
    return False
