"""Prepared folders: a database packed once as ArrayRecord by TFDS, and read back by row.

    <folder>/images/1.0.0/   TFDS ArrayRecord files, one example an image, in the database's order
    <folder>/index.parquet   path, split, labels: the same rows in order, without their pixels
    <folder>/ratings.parquet, traits.parquet   by user, where the database has them
    <folder>/manifest.json   what is in it, what was left out and why

A view (data.folds) is such a folder without images: its manifest names the folder that has them
(`images_of`), and its index says at which `row` of that folder's.

No TensorFlow: images are handed to TFDS as encoded bytes and come back as such.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import polars as pl
import tensorflow_datasets as tfds
from array_record.python.array_record_data_source import ArrayRecordDataSource
from tensorflow_datasets.proto import tf_example_pb2

from paiaa_jax import files
from paiaa_jax.data.databases import table_file
from paiaa_jax.data.databases.database import SPLITS
from paiaa_jax.errors import UserError
from paiaa_jax.types import LABELS

MAKE = "prepare it: python -m launch.prepare_data --dataset=NAME --source=DIR --out=DIR"
VERSION = "1.0.0"
EXAMPLES_PER_FILE = 10_000
EXAMPLES_AT_ONCE = 32  # in memory
SUMMARY = {"mean_score": pl.Float64, "raters": pl.Float64}  # of the index alone
INDEX = {
  "path": pl.String,
  "split": pl.String,
  "distribution": pl.List(pl.Float32),
  "aux": pl.List(pl.Float32),
  "has_distribution": pl.Float32,
  "has_aux": pl.Float32,
  **SUMMARY,
}


class _Manifest(msgspec.Struct):
  """What is read of a manifest."""

  images: dict[str, Annotated[int, msgspec.Meta(ge=0)]]
  scale: list[float]
  aux_names: list[str]
  images_of: str = ""


def write(
  folder: Path, index: pl.DataFrame, images: Iterable[tuple[str, bytes]], buckets: int, outputs: int
) -> None:
  """Packs images with their labels into <folder>/images, and writes the index.

  By TFDS's sequential writer: its generator builders keep a split in memory to sort it, and at
  1 GB turn to TensorFlow.

  Args:
    folder: a new one, or without images/.
    index: columns INDEX; a row an image, split after split.
    images: (path, encoded image) of each row.
    buckets: b, length of each distribution.
    outputs: k, length of each aux.
  """
  info = _dataset_info(folder / "images" / VERSION, buckets, outputs)
  writer = tfds.core.SequentialWriter(info, EXAMPLES_PER_FILE, file_format="array_record")
  splits = index["split"].unique(maintain_order=True).to_list()
  writer.initialize_splits(splits)
  stream = iter(images)
  for split in splits:
    labels = index.filter(pl.col("split") == split).select(LABELS)
    for some in labels.iter_slices(EXAMPLES_AT_ONCE):
      encoded = []
      for row in some.iter_rows(named=True):
        name, image = next(stream)
        encoded.append({"name": name, **row, "image": io.BytesIO(image)})
      writer.add_examples({split: encoded})
  writer.close_all()
  files.write_frame(folder / "index.parquet", index)


def _dataset_info(folder: Path, buckets: int, outputs: int) -> tfds.core.DatasetInfo:
  """The dataset as TFDS describes it."""
  folder.mkdir(parents=True)
  features = dict(
    name=tfds.features.Text(),
    image=tfds.features.Image(shape=(None, None, 3)),
    distribution=tfds.features.Tensor(shape=(buckets,), dtype=np.float32),
    aux=tfds.features.Tensor(shape=(outputs,), dtype=np.float32),
    has_distribution=tfds.features.Scalar(np.float32),
    has_aux=tfds.features.Scalar(np.float32),
  )
  identity = tfds.core.dataset_info.DatasetIdentity(
    name="images", version=tfds.core.Version(VERSION), data_dir=str(folder), module_name=__name__
  )
  return tfds.core.DatasetInfo(builder=identity, features=tfds.features.FeaturesDict(features))


class Source:
  """One split of a prepared folder, by row.

  Attributes:
    manifest: the folder's manifest.json.
    names: the path of every row.
    distribution: [n, b] float32, see types.Batch for this and the next three.
    aux: [n, k] float32.
    has_distribution: [n] float32.
    has_aux: [n] float32.
    mean_score: [n] float64, of the raters' counts, so that images of equal means are equal; NaN
      where there is no distribution.
    raters: [n] float64, the sum of the counts; NaN where it is not known.
  """

  def __init__(self, records: ArrayRecordDataSource | list, index: pl.DataFrame, manifest: dict):
    """`index` has the split's rows, with the `row` of each among the records."""
    self.manifest = manifest
    self.names = index["path"].to_list()
    self.distribution = np.array(index["distribution"].to_list(), np.float32)
    self.aux = np.array(index["aux"].to_list(), np.float32)
    self.has_distribution = index["has_distribution"].to_numpy()
    self.has_aux = index["has_aux"].to_numpy()
    self.mean_score, self.raters = self._summary(index)
    self._rows = index["row"].to_list()
    self._records, self._index = records, index

  def subset(self, keep: np.ndarray) -> Source:
    """Those of the images for which `keep` [n] is True, in the same order."""
    return Source(self._records, self._index.filter(keep), self.manifest)

  def _summary(self, index: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """mean_score and raters; where a folder does not tell the mean, that of its float32 shares."""
    columns = [index[name] if name in index.columns else [np.nan] * len(index) for name in SUMMARY]
    mean, raters = (np.array(pl.Series(c, dtype=pl.Float64).to_numpy()) for c in columns)
    untold = np.isnan(mean) & (self.has_distribution > 0)
    if untold.any():
      scale = np.asarray(self.manifest["scale"], np.float64)
      mean[untold] = self.distribution[untold].astype(np.float64) @ scale
    return mean, raters

  def __len__(self) -> int:
    return len(self.names)

  def __getitem__(self, index: int) -> dict:
    """Encoded `image`, `name`, `distribution` [b], `aux` [k], `has_distribution`, `has_aux`.

    Not by TFDS's own reader: threads that decode would wait here for each other.

    Raises:
      UserError: the record is another image's than the index says, or has other labels.
    """
    record = self._records[self._rows[index]]
    features = tf_example_pb2.Example.FromString(record).features.feature
    name = features["name"].bytes_list.value[0].decode()
    if name != self.names[index]:
      raise UserError(
        f"the index says {self.names[index]} where the records hold {name}; {MAKE}, "
        "into another --out."
      )
    labels = {field: getattr(self, field)[index] for field in LABELS}
    for field, value in labels.items():
      if not np.array_equal(features[field].float_list.value, np.atleast_1d(value)):
        raise UserError(
          f"the index and the records disagree on {field} of {name}; {MAKE}, into another --out."
        )
    return dict(image=features["image"].bytes_list.value[0], name=name, **labels)


def open_split(folder: str | Path, split: str) -> Source:
  """Opens a split of a prepared folder.

  A split that the database does not have is a source of length 0.

  Raises:
    UserError: the folder was not prepared, its records, index and manifest disagree, or there is
      no split of that name.
  """
  return open_splits(folder, (split,))


def open_splits(folder: str | Path, splits: Sequence[str]) -> Source:
  """Opens several splits as one source, their images in the folder's order; see `open_split`."""
  if unknown := [split for split in splits if split not in SPLITS]:
    raise UserError(f"unknown split {unknown[0]!r}; one of {', '.join(SPLITS)}.")
  folder = Path(folder)
  manifest = read_manifest(folder)
  path = folder / "manifest.json"
  with files.reading(path, "the manifest of a prepared folder", msgspec.MsgspecError, make=MAKE):
    msgspec.convert(manifest, _Manifest)
  index = read_index(folder)
  own = index.filter(pl.col("split").is_in(list(splits)))
  packed = folder / manifest.get("images_of", "")
  with files.reading(packed / "images", "packed images", RuntimeError, make=MAKE):
    found = [str(file) for file in _files(packed)]
    if len(own) and not found:
      raise FileNotFoundError
    records = ArrayRecordDataSource(found) if found else []
  needed = 1 + max(index["row"].to_list(), default=-1)  # all, but for a view, which may lack some
  if found and (len(records) < needed or (packed == folder and len(records) > needed)):
    raise UserError(
      f"{packed} holds {len(records)} images where the index of {folder} has {needed}; {MAKE}, "
      "into another --out."
    )
  _check_index(folder, manifest, index)
  return Source(records, own, manifest)


def _check_index(folder: Path, manifest: dict, index: pl.DataFrame) -> None:
  """Refuses an index of other images, or of labels of another length, than the manifest tells."""
  counts = dict(index["split"].value_counts().iter_rows())
  told = {split: count for split, count in manifest["images"].items() if count}
  if counts != told:
    raise UserError(
      f"{folder}: manifest.json tells of images {told} where the index has {counts}; {MAKE}, into "
      "another --out."
    )
  for column, field in (("distribution", "scale"), ("aux", "aux_names")):
    lengths, expected = index[column].list.len().unique().to_list(), len(manifest[field])
    if expected and lengths not in ([], [expected]):
      raise UserError(
        f"{folder}: {field} of manifest.json has {expected} entries where {column} of the index "
        f"has {max(lengths)}; {MAKE}, into another --out."
      )


def read_index(folder: Path) -> pl.DataFrame:
  """index.parquet with each image's `row` among all records of the folder that has the images."""
  index = read_table(folder, "index")
  return index if "row" in index.columns else index.with_row_index("row")


def read_table(folder: Path, name: str) -> pl.DataFrame:
  """`index`, `ratings` or `traits` of a prepared folder, images under `path`."""
  return table_file.key_by_path(files.read_parquet(folder / f"{name}.parquet", make=MAKE))


def _files(folder: Path) -> list[Path]:
  """The ArrayRecord files of all splits, in the index's order."""
  found = (folder / "images" / VERSION).glob("images-*.array_record-*")
  order = {f"images-{split}": place for place, split in enumerate(SPLITS)}
  return sorted(found, key=lambda path: (order[path.name.partition(".")[0]], path.name))


def read_manifest(folder: str | Path) -> dict:
  """manifest.json of a prepared folder; a UserError says how to make one."""
  return files.read_json(Path(folder) / "manifest.json", MAKE)
