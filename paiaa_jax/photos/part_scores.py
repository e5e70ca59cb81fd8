"""The photographs of a part -> a Parquet file: our own columns, or those of two curation tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import model_folder
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import files, score, table
from paiaa_jax.photos.parts import File, Part, filesystem
from paiaa_jax.photos.score import Photo

if TYPE_CHECKING:
  import pyarrow as pa

STATISTICS = "__dj__stats__"  # where Data-Juicer's filters look


class Decoded(NamedTuple):
  """Photographs of a part, decoded: the work that needs no accelerator.

  Attributes:
    names: [n] (path, key, error) of each.
    pixels: [m, s, s, 3] uint8 of the m that have no error, in the same order.
  """

  names: list[tuple[str, str, str]]
  pixels: np.ndarray


def decode(block: Sequence[File], image_size: int) -> Decoded:
  """Encoded photographs -> pixels; one that is no picture has an error."""
  names, pixels = [], [np.empty((0, image_size, image_size, 3), np.uint8)]
  for file in block:
    error = file.error
    if file.data is not None:
      try:
        pixels.append(files.decode(file.data, image_size).pixels[None])
      except (UserError, MemoryError) as found:
        error = files.reason(found)
    names.append((file.path, file.key, error))
  return Decoded(names, np.concatenate(pixels))


class Scorer:
  """One model at work: decoded photographs in, rows out."""

  def __init__(self, folder: str, batch_size: int):
    """folder: a model folder; UserError where it holds none."""
    self.model = model_folder.read(folder)
    self._predict = score.network_of(self.model, batch_size)

  def rows(self, decoded: Decoded) -> list[table.Row]:
    """A row a photograph: path, key, the columns of `paiaa score`, coordinates."""
    if not len(decoded.pixels):
      vectors = coordinates = iter(())
    else:
      vectors, coordinates = map(iter, self._predict(decoded.pixels))
    rows = []
    for path, key, error in decoded.names:
      photo = Photo(Path(path), None if error else next(vectors), error=error)
      row = table.to_row(photo, self.model) | {"path": path, "key": key}
      if self.model.num_coordinates:
        row["coordinates"] = None if error else next(coordinates).astype(np.float32).tolist()
      rows.append(row)
    return rows


def ours(rows: Sequence[table.Row], model: ModelFolder) -> pa.Table:
  """The columns of `paiaa score`, with key and coordinates."""
  import pyarrow as pa

  numbers = {name: pa.float64() for name in table.columns(model) if name not in table.TEXT}
  texts = {name: pa.string() for name in ("path", "key", *table.TEXT[1:])}
  fields = {"path": pa.string(), "key": pa.string(), **numbers, **texts}
  if model.num_coordinates:
    fields["coordinates"] = pa.list_(pa.float32(), model.num_coordinates)
  return pa.Table.from_pylist(list(rows), schema=pa.schema(list(fields.items())))


def nemo_curator(rows: Sequence[table.Row], model: ModelFolder) -> pa.Table:
  """NeMo Curator's `aesthetic_score` in 0..1 beside path and key; null where there is none."""
  import pyarrow as pa

  return pa.table(
    {
      "path": pa.array([row["path"] for row in rows], pa.string()),
      "key": pa.array([row["key"] for row in rows], pa.string()),
      "aesthetic_score": pa.array([unit(row, model) for row in rows], pa.float32()),
    }
  )


def data_juicer(rows: Sequence[table.Row], model: ModelFolder) -> pa.Table:
  """Data-Juicer's samples of one image: `image_aesthetics_scores` in 0..1 among the statistics."""
  import pyarrow as pa

  kind = pa.struct([("image_aesthetics_scores", pa.list_(pa.float64()))])
  statistics = [{"image_aesthetics_scores": [unit(row, model)]} for row in rows]
  return pa.table(
    {
      "images": pa.array([[row["path"]] for row in rows], pa.list_(pa.string())),
      "text": pa.array([""] * len(rows), pa.string()),
      STATISTICS: pa.array(statistics, kind),
    }
  )


SCHEMAS: dict[str, Callable[[Sequence[table.Row], ModelFolder], Any]] = {
  "paiaa": ours,
  "nemo_curator": nemo_curator,
  "data_juicer": data_juicer,
}


def unit(row: table.Row, model: ModelFolder) -> float | None:
  """A row's score in 0..1, from the lowest to the highest of the model's scale."""
  low, high = model.score_values[0], model.score_values[-1]
  return None if row["error"] else (row["aesthetic_score"] - low) / (high - low)


def written(out: str) -> set[str]:
  """Names of the parts that are there already."""
  from pyarrow import fs

  place, folder = filesystem(out)
  found = place.get_file_info(fs.FileSelector(folder, allow_not_found=True))
  return {Path(one.path).stem for one in found if one.path.endswith(".parquet")}


def finish(
  rows: Sequence[table.Row], model: ModelFolder, schema: str, out: str, part: Part
) -> tuple[int, int]:
  """Writes a part's rows in one of SCHEMAS; how many they are, and how many with an error."""
  write(SCHEMAS[schema](rows, model), out, part)
  return len(rows), sum(bool(row["error"]) for row in rows)


def write(rows: pa.Table, out: str, part: Part) -> None:
  """Writes <out>/<part>.parquet, whole or not at all."""
  import pyarrow.parquet as pq

  place, folder = filesystem(out)
  draft = f"{folder}/.{part.name}.{os.getpid()}.partial"
  place.create_dir(folder, recursive=True)
  with place.open_output_stream(draft) as stream:
    pq.write_table(rows, stream)
  place.move(draft, f"{folder}/{part.name}.parquet")
