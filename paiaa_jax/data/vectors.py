"""Vectors of photographs from any model, in a file: paths [n] and vectors [n, d].

x.parquet   a column `path` (or another usual name of it) and one column of lists, or several of
            numbers, in order
x.npy       an array with the fields `path` and `vector`, as np.zeros(n, [("path", "U99"),
            ("vector", "f4", (d,))]) makes one; or [n, d] with x.txt beside it, a path a line
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paiaa_jax import extras, files
from paiaa_jax.errors import UserError

SUFFIXES = (".parquet", ".npy")


class Vectors(NamedTuple):
  """What a file holds.

  Attributes:
    file: its path.
    row: of each photograph's path.
    vectors: [n, d] float32, finite.
  """

  file: Path
  row: dict[str, int]
  vectors: np.ndarray

  def of(self, paths: Sequence[str]) -> np.ndarray:
    """[m, d], a row for each of these photographs.

    Raises:
      UserError: the file has no vector of one; it says of how many.
    """
    missing = [path for path in paths if path not in self.row]
    if missing:
      raise UserError(
        f"{self.file} has no vector of {missing[0]!r} ({len(missing):,} of {len(paths):,} are "
        "missing); its paths are those of the table of ratings."
      )
    return self.vectors[[self.row[path] for path in paths]]


def read(file: str | Path) -> Vectors:
  """Reads a file of vectors.

  Raises:
    UserError: another format, a path that comes twice, or a number that is not finite.
  """
  file = Path(file)
  if file.suffix not in SUFFIXES:
    raise UserError(f"{file} is no file of vectors; it ends in {' or '.join(SUFFIXES)}.")
  paths, vectors = (_parquet if file.suffix == ".parquet" else _npy)(file)
  if vectors.ndim != 2 or len(paths) != len(vectors) or not vectors.size:
    raise UserError(f"{file}: {len(paths)} paths and vectors of shape {list(vectors.shape)}.")
  row = {path: i for i, path in enumerate(paths)}
  if len(row) < len(paths):
    twice = next(path for i, path in enumerate(paths) if row[path] != i)
    raise UserError(f"{file} has two vectors of {twice!r}.")
  bad = ~np.isfinite(vectors).all(axis=1)
  if bad.any():
    raise UserError(f"{file}: the vector of {paths[int(bad.argmax())]!r} is not finite.")
  return Vectors(file, row, np.ascontiguousarray(vectors, np.float32))


def _parquet(file: Path) -> tuple[list[str], np.ndarray]:
  extras.require("polars", f"reading {file.name}", "parquet")
  import polars as pl

  from paiaa_jax.data.databases import table_file

  table = table_file.key_by_path(files.read_parquet(file))
  if "path" not in table.columns:
    raise UserError(f"{file} has no column 'path'; it has {', '.join(table.columns)}.")
  lists = [name for name, kind in table.schema.items() if kind in (pl.List, pl.Array)]
  numbers = [name for name, kind in table.schema.items() if kind.is_numeric()]
  paths = table["path"].cast(pl.String).to_list()
  if len(lists) > 1 or not (lists or numbers):
    raise UserError(f"{file} has {len(lists)} columns of lists; one holds the vectors.")
  if not lists:
    return paths, table.select(pl.col(numbers).cast(pl.Float32)).to_numpy()
  column = table[lists[0]].cast(pl.List(pl.Float32))
  lengths = column.list.len()
  if column.null_count() or lengths.n_unique() != 1:
    raise UserError(f"{file}: its vectors are of several lengths.")
  flat = column.explode().to_numpy()
  return paths, flat.reshape(len(column), -1)


def _npy(file: Path) -> tuple[list[str], np.ndarray]:
  array = files.read_arrays(file)
  if not isinstance(array, np.ndarray):
    raise UserError(f"{file} holds several arrays; it is to hold one.")
  if array.dtype.names:
    if set(array.dtype.names) != {"path", "vector"}:
      raise UserError(f"{file} has fields {', '.join(array.dtype.names)}, not path and vector.")
    return array["path"].astype(str).tolist(), array["vector"]
  names = file.with_suffix(".txt")
  if not names.is_file():
    raise UserError(f"{file} has no fields path and vector, and {names} is missing: a path a line.")
  return files.read_bytes(names).decode("utf-8").splitlines(), array
