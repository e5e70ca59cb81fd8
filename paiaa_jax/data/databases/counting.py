"""Single scores -> counts of scores, image by image."""

from __future__ import annotations

import polars as pl


def count_scores(ratings: pl.DataFrame, scale: tuple[float, ...]) -> pl.DataFrame:
  """Ratings (`path, score`) -> `path, counts`, in the order of the images' first rows.

  A score between two buckets counts in part for either, such that the mean is kept.

  Args:
    ratings: scores from scale[0] to scale[-1].
    scale: the score of each bucket, evenly spaced, at least two.
  """
  step = scale[1] - scale[0]
  shares = [
    (1 - (pl.col("score") - score).abs() / step).clip(0).sum().alias(f"bucket {b}")
    for b, score in enumerate(scale)
  ]
  table = ratings.group_by("path", maintain_order=True).agg(shares)
  return table.select("path", counts=pl.concat_arr(table.columns[1:]).arr.to_list())
