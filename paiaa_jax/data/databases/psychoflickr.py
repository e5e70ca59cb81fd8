"""PsychoFlickr (Cristani et al., ACM MM 2013): 300 people, 200 favourite images of each, Big-Five.

The traits come as people see themselves (`self`) or as twelve assessors see them (`attributed`).
Two shapes of a copy are read, T being self or attributed:

    <folder>/T.txt          blank-separated with a header: image path, then the five traits, the
                            person's on each of his images; the path's first folder is the person,
                            unless there is a column `user`
    <folder>/images.csv     user, image
    <folder>/traits_T.csv   user, and the five traits

The images lie under <folder>/images (or <folder> itself). A trait's column is named by its word or
by its first letter, in either case. Each is a difference of two items of the BFI-10, hence -4..4
(inferred from that questionnaire; a copy with another range says so by `low` and `high`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from paiaa_jax.data import text_file
from paiaa_jax.data.databases import checks, draws, folders, text_table, trait_columns
from paiaa_jax.data.databases.database import Database
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS

PUBLISHED_USERS, PUBLISHED_IMAGES = 300, 60_000


def load(
  folder: str | Path,
  *,
  traits: str = "attributed",
  fold: int = 0,
  folds: int = 10,
  low: float = -4.0,
  high: float = 4.0,
  validation: float = 0.05,
  seed: int = 0,
) -> Database:
  """Reads PsychoFlickr.

  Every split is by person: no person's images are in two of them.

  Args:
    folder: holds the tables and the images.
    traits: "attributed" or "self".
    fold: 0..folds - 1, the people of the test split.
    folds: into how many parts the people are drawn by `seed`.
    low: the questionnaire's lowest trait, which becomes -1.
    high: its highest, which becomes 1.
    validation: fraction of the training people held out.
    seed: of the draws.

  Raises:
    UserError: a bad line, a trait outside low..high, two values of one, or no tables.
  """
  if traits not in ("attributed", "self"):
    raise UserError(f"unknown traits {traits!r}; one of attributed, self")
  folder = Path(folder)
  table = _read(folder, traits, low, high)
  users = split_people(table["user"], fold, folds, validation, seed)
  return Database(
    name="psychoflickr",
    image_root=folders.image_root(folder, ("images",)),
    images=table.join(users, "user", maintain_order="left").select("path", "split"),
    traits=table,
    notes=_compare_with_published(users.height, table.height),
  )


def split_people(
  users: pl.Series, fold: int, folds: int, validation: float, seed: int
) -> pl.DataFrame:
  """`user, split`, a row a person; the arguments are those of `load`."""
  people = users.unique().alias("path").to_frame()
  test = draws.fold_members(people["path"], fold, folds, seed, "psychoflickr folds")
  people = draws.split_off(people, "path", test)
  return draws.hold_out(people, "validation", validation, seed).rename({"path": "user"})


def _read(folder: Path, traits: str, low: float, high: float) -> pl.DataFrame:
  """`user, path` and the traits in [-1, 1], a row an image."""
  single, pair = (f"{traits}.txt", f"{traits}.csv"), (f"traits_{traits}.csv",)
  path = folders.need_file(folder, (*single, *pair))
  if path.name in pair:
    people = text_table.read(path)
    checks.columns(people, ("user",), path)
    checks.unique(people, "user", path, "user")
    people = trait_columns.scale(people, path, low, high)
    images_path = folders.need_file(folder, ("images.csv",))
    images = _read_images(images_path)
    return _join(images, people, images_path).select("user", "path", *TRAITS)
  table = text_table.read(path)
  if "path" not in table.columns:  # the authors' header names it otherwise; it stands first
    first = "image" if "image" in table.columns else table.columns[1]
    table = table.rename({first: "path"})
  table = _check_images(_with_users(table, path), path)
  table = trait_columns.scale(table, path, low, high)
  first = pl.col(TRAITS).first().over("user")
  said = pl.format("user '{}' has other traits here than on the lines before", "user")
  text_table.refuse(table, pl.any_horizontal(pl.col(TRAITS) != first), path, said)
  return table.select("user", "path", *TRAITS)


def _read_images(path: Path) -> pl.DataFrame:
  table = text_table.read(path)
  checks.columns(table, ("user", "image"), path)
  return _check_images(table.rename({"image": "path"}), path)


def _join(images: pl.DataFrame, people: pl.DataFrame, path: Path) -> pl.DataFrame:
  """`images` with the traits of their users, all of whom must have some."""
  known = pl.col("user").is_in(people["user"].to_list())
  said = pl.format("user '{}' has no traits", "user")
  text_table.refuse(images, ~known, path, said)
  return images.join(people.drop(text_file.LINE), "user", maintain_order="left")


def _with_users(table: pl.DataFrame, path: Path) -> pl.DataFrame:
  """Column `user`, from the path's first folder where there is no such column."""
  if "user" in table.columns:
    return table
  said = pl.format("no folder in front of '{}' says whose image it is", "path")
  text_table.refuse(table, ~pl.col("path").str.contains(r"^[^/]+/."), path, said)
  return table.with_columns(user=pl.col("path").str.extract(r"^([^/]+)/"))


def _check_images(table: pl.DataFrame, path: Path) -> pl.DataFrame:
  table = checks.image_paths(table, path)
  text_table.refuse(table, pl.col("user") == "", path, "the user is empty")
  checks.unique(table, "path", path, "image")
  return table


def _compare_with_published(users: int, images: int) -> tuple[str, ...]:
  """A note where the copy is not of the published size."""
  if (users, images) == (PUBLISHED_USERS, PUBLISHED_IMAGES):
    return ()
  return (f"{users} people and {images} images, not {PUBLISHED_USERS} and {PUBLISHED_IMAGES}",)
