"""AVA (Murray et al., CVPR 2012): 255,530 photographs, each with counts of the scores 1..10.

    <folder>/AVA.txt          no header; index, image id, ten counts, two tags, challenge
    <folder>/images/<id>.jpg  (or image/, or beside AVA.txt)

and a split: ILGnet's train.txt and val.txt (the paper's; 20,000 test images), or the official
aesthetics_image_lists/generic_ls_train.jpgl and generic_test.jpgl, or a seeded draw. The labels
also go round as a csv with the header `image_id, score2, ..., score11` and as a JSON list of
{"image_id", "label"}; both are read.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from paiaa_jax.data.databases import checks, draws, folders, opened, text_table
from paiaa_jax.data.databases.database import Database
from paiaa_jax.data.text_file import LINE
from paiaa_jax.errors import UserError

SCALE = tuple(float(score) for score in range(1, 11))
LABEL_FILES = ("AVA.txt", "AVA.csv", "AVA.json", "labels.txt", "labels.csv", "labels.json")
LISTS = {  # split -> (training list, test list), each where copies keep them
  "ilgnet": (("train.txt", "ilgnet/train.txt"), ("val.txt", "ilgnet/val.txt")),
  "official": (
    ("aesthetics_image_lists/generic_ls_train.jpgl", "generic_ls_train.jpgl"),
    ("aesthetics_image_lists/generic_test.jpgl", "generic_test.jpgl"),
  ),
}
SEEDED_TEST = 20_000  # images, or a tenth of a smaller copy
TEST_SIZES = {
  20_000: "the size of ILGnet's and of the official test list",
  19_930: "the size some peers use; figures on 20,000 test images are not of the same set",
}

_COUNTS = tuple(f"score{n}" for n in range(2, 12))  # by AVA.txt's columns: score2 counts the ones
_COLUMNS = ("index", "image_id", *_COUNTS, "tag1", "tag2", "challenge")


def load(
  folder: str | Path,
  *,
  split: str = "auto",
  unknown: str = "refuse",
  validation: float = 0.05,
  seed: int = 0,
) -> Database:
  """Reads AVA.

  Args:
    folder: holds the labels, the lists and the images.
    split: "ilgnet", "official", "seeded", or "auto": the first of these whose files are there.
      Without its training list, every image that is not in the test list is for training.
    unknown: "refuse" a list that names an image without labels, or "drop" the name.
    validation: fraction of the training images held out, drawn by `seed`.
    seed: of the draws.

  Raises:
    UserError: a bad line in a file, lists that overlap, or no labels, or not the lists asked for.
  """
  folder = Path(folder)
  labels = read_labels(folders.need_file(folder, LABEL_FILES))
  split = _split_there(folder) if split == "auto" else split
  if split == "seeded":
    images, notes = _draw_split(labels, seed), []
  elif split in LISTS:
    images, notes = _split_by_lists(folder, labels, *LISTS[split], unknown)
  else:
    raise UserError(f"unknown split {split!r}; one of auto, {', '.join(LISTS)}, seeded")
  test = images.filter(pl.col("split") == "test").height
  notes.append(f"split {split}, {test} test images" + _known_size(test))
  name = pl.format("{}.jpg", "image_id").alias("path")
  labels = labels.join(images, "image_id", "semi", maintain_order="left")
  return Database(
    name="ava",
    image_root=folders.image_root(folder, ("images", "image")),
    images=draws.hold_out(images.select(name, "split"), "validation", validation, seed),
    distributions=labels.select(name, "counts"),
    scale=SCALE,
    notes=tuple(notes),
  )


def read_labels(path: str | Path) -> pl.DataFrame:
  """The label file in any of its three shapes -> `image_id` (Int64), `counts` (ten numbers).

  Raises:
    UserError: file and line of what is wrong, such as an image that stands there twice.
  """
  path = Path(path)
  if path.suffix.lower() == ".json":
    table = _read_json(path)
  else:
    has_header = b"image_id" in opened.read_bytes(path)[:256]
    table = text_table.read(path, names=None if has_header else _COLUMNS)
    checks.columns(table, ("image_id", *_COUNTS), path)
  table = checks.counts(_with_ids(table, path), _COUNTS, path)
  checks.unique(table, "image_id", path, "image")
  return table.select("image_id", "counts")


def read_list(path: str | Path) -> pl.DataFrame:
  """A split list, `<id>` or `<id>.jpg` a line -> LINE, `image_id`, `high`.

  `high` is the second column of ILGnet's lists (1: the mean score is above 5, else 0), null in
  lists without one.
  """
  path = Path(path)
  table = text_table.read(path, names=())
  if table.width > 3:
    raise UserError(f"{path}: {table.width - 1} columns; a list has an image and perhaps 0 or 1")
  table = _with_ids(table.rename({"column_1": "image_id"}), path)
  checks.unique(table, "image_id", path, "image")
  if "column_2" not in table.columns:
    return table.with_columns(high=pl.lit(None, pl.Float64))
  return checks.numbers(table.rename({"column_2": "high"}), ["high"], path, 0, 1)


def _read_json(path: Path) -> pl.DataFrame:
  """The JSON list as the table of strings that the csv would be; LINE is the entry's number."""
  schema = {"image_id": pl.String, "label": pl.List(pl.String)}
  data = opened.read_bytes(path)
  try:
    entries = json.loads(data)
    rows = [(str(entry["image_id"]), [str(count) for count in entry["label"]]) for entry in entries]
    table = pl.DataFrame(rows, schema, orient="row").with_row_index(LINE, offset=1)
  except (ValueError, TypeError, KeyError, RecursionError) as error:
    reason = f'not a list of {{"image_id": ..., "label": [...]}} ({type(error).__name__})'
    raise UserError(f"{path}: {reason}") from error
  text_table.refuse(table, pl.col("label").list.len() != 10, path, "label has not ten counts")
  counts = [pl.col("label").list.get(i).alias(name) for i, name in enumerate(_COUNTS)]
  return table.select(LINE, "image_id", *counts)


def _with_ids(table: pl.DataFrame, path: Path) -> pl.DataFrame:
  """Column `image_id`, `231893` or `231893.jpg`, as Int64."""
  text = pl.col("image_id").str.strip_suffix(".jpg").alias("text")
  table = table.with_columns(text)
  table = table.with_columns(pl.col("text").cast(pl.Int64, strict=False).alias("image_id"))
  said = pl.format("'{}' is no image id", "text")
  text_table.refuse(table, (pl.col("image_id") < 0).fill_null(True), path, said)
  return table.drop("text")


def _split_there(folder: Path) -> str:
  """The first split whose test list is in the folder, else "seeded"."""
  there = (split for split, (_, test) in LISTS.items() if folders.find_file(folder, test))
  return next(there, "seeded")


def _draw_split(labels: pl.DataFrame, seed: int) -> pl.DataFrame:
  """`image_id, split` with a seeded test split."""
  count = min(SEEDED_TEST, labels.height // 10)
  test = draws.draw(labels["image_id"], count, seed, "ava test")
  return draws.split_off(labels.select("image_id"), "image_id", test)


def _split_by_lists(
  folder: Path, labels: pl.DataFrame, train_names: tuple, test_names: tuple, unknown: str
) -> tuple[pl.DataFrame, list[str]]:
  """`image_id, split` by the lists, in the labels' order, and notes on what does not match."""
  if unknown not in ("refuse", "drop"):
    raise UserError(f"unknown choice unknown={unknown!r}; one of refuse, drop")
  test_path = folders.need_file(folder, test_names)
  train_path = folders.find_file(folder, train_names)
  test, notes = _known(read_list(test_path), labels, test_path, unknown)
  if train_path:
    train, dropped = _known(read_list(train_path), labels, train_path, unknown)
    both = pl.col("image_id").is_in(test["image_id"].to_list())
    said = pl.format(f"image {{}} stands in {test_path.name} too", "image_id")
    text_table.refuse(train, both, train_path, said)
    notes += dropped
  else:
    train = labels.join(test, "image_id", "anti")
  parts = {"train": train, "test": test}
  listed = pl.concat(part.select("image_id", split=pl.lit(split)) for split, part in parts.items())
  images = labels.select("image_id").join(listed, "image_id", maintain_order="left")
  if unlisted := labels.height - images.height:
    notes.append(f"{unlisted} images with labels are in neither list and left out")
  return images, notes


def _known(
  listed: pl.DataFrame, labels: pl.DataFrame, path: Path, unknown: str
) -> tuple[pl.DataFrame, list[str]]:
  """The listed images that have labels, whose mean score agrees with the list's 0 or 1."""
  weights = pl.Series(SCALE)
  counts = pl.col("counts").list
  total = counts.eval(pl.element() * weights).list.sum()
  labels = labels.select("image_id", mean=total / counts.sum())
  listed = listed.join(labels, "image_id", "left", maintain_order="left")
  absent = pl.col("mean").is_null()
  if unknown == "refuse":
    said = pl.format("image {} has no labels; unknown=drop leaves such names out", "image_id")
    text_table.refuse(listed, absent, path, said)
  wrong = (pl.col("mean") > 5).cast(pl.Float64) != pl.col("high")
  said = pl.format("image {} is labelled {}, but its mean score is {}", "image_id", "high", "mean")
  text_table.refuse(listed, wrong, path, said)
  dropped = listed.filter(absent).height
  notes = [f"{dropped} images of {path.name} have no labels and are left out"] if dropped else []
  return listed.filter(~absent), notes


def _known_size(test: int) -> str:
  return f", {TEST_SIZES[test]}" if test in TEST_SIZES else ""
