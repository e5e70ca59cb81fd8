"""The options of `paiaa personalize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paiaa_jax.cli import start
from paiaa_jax.cli.options import BatchSize, CachePath, Model, Recursive, Vectors
from paiaa_jax.errors import UserError

if TYPE_CHECKING:
  from paiaa_jax.photos.ratings import Ratings


def personalize(  # noqa: PLR0913 each parameter is an option of the command
  table: Annotated[
    Path | None, typer.Argument(help="A csv of photographs and ratings, or a session of the page.")
  ] = None,
  output: Annotated[Path, typer.Option("--output", "-o", help="The profile to write.")] = Path(
    "me.json"
  ),
  from_xmp: Annotated[
    Path | None, typer.Option(help="Read the stars of a photo manager from this folder instead.")
  ] = None,
  scale: Annotated[
    tuple[float, float], typer.Option(help="Lowest and highest rating of the csv.")
  ] = (1.0, 5.0),
  verbose: Annotated[bool, typer.Option("--verbose", help="Figures too.")] = False,
  initial_star: Annotated[
    bool | None, typer.Option(help="Count the 1 star that darktable gives on import; else it asks.")
  ] = None,
  features: Vectors = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Your ratings become a profile.

  It says whether your score ranks photographs that were left out better than the general one.
  A rejected photograph counts as one of the lowest rating.
  """
  start.one_thread()
  from paiaa_jax.photos import given_stars, ratings, verbs

  if table and not from_xmp:
    found = _session(table) or ratings.read_table(table, scale)
  elif from_xmp and not table:
    found = given_stars.settle_initial(given_stars.read_stars([from_xmp], recursive), initial_star)
  else:
    raise UserError("give either a csv of ratings or --from-xmp=FOLDER.")
  if not found.paths:
    predicted = "" if table else " (predicted stars do not count)"
    deeper = "" if table or recursive else "; --recursive looks into folders in folders"
    raise UserError(f"no rating in {table or from_xmp}{predicted}{deeper}.")
  library = start.library(found.paths, model, batch_size, False, cache, features)
  verbs.personalize(library, found, output, verbose)


def _session(path: Path) -> Ratings | None:
  """The ratings of a session of `paiaa rate`; None for a file of another kind."""
  from paiaa_jax.web import kept, session

  return kept.read(path) if session.is_database(path) else None
