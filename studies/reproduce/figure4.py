"""Fig. 4: photographs that people of high and of low traits like, with their generic scores.

The paper scores them with another group's network; here our own, aesthetics alone, stands in.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from paiaa_jax import metrics
from paiaa_jax.data import images, records
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.reporting.table import Table
from paiaa_jax.types import TRAITS
from studies.reproduce.results import Results
from studies.reproduce.runs import Need, Run
from studies.reproduce.study import AVA, PSYCHO, Study

SHOWN = 2  # photographs of each person
SIDE = 160  # pixels


def scorer(study: Study) -> Run:
  """The generic model that stands in for the paper's borrowed one."""
  return Run("aesthetics", study.headline, AVA, seed=study.seeds[0])


def needs(study: Study) -> list[Need]:
  return [Need(scorer(study), PSYCHO)]


def section(results: Results) -> Section:
  study = results.study
  title = f"Fig. 4: what people of different traits like ({study.raters})"
  frame = results.frame(scorer(study), PSYCHO)
  if frame is None:
    return Section(title)
  liked = _scored(study, frame)
  caption = (
    "Test people of the highest and of the lowest value of each trait, two photographs each, with "
    f"generic scores 0..1 by {scorer(study).name}, which stands in for the paper's model."
  )
  picture = Picture("figure4", caption, _draw(study, liked))
  return Section(title, "", [_table(study, liked)], [picture])


def _scored(study: Study, frame: pl.DataFrame) -> pl.DataFrame:
  """A row a photograph: user, path, row of the split, score 0..1, the person's traits."""
  buckets = sum(name.startswith("p") and name[1:].isdigit() for name in frame.columns)
  owner = records.read_table(study.prepared(PSYCHO), "traits")
  score = (pl.col("aesthetic_score") - 1) / (buckets - 1)
  return frame.select("path", score=score).with_row_index("row").join(owner, "path").sort("row")


def _table(study: Study, liked: pl.DataFrame) -> Table:
  """Over people: the mean score of what they like, against each of their traits."""
  by_person = liked.group_by("user", maintain_order=True)
  people = by_person.agg(pl.col("score").mean(), pl.col(TRAITS).first())
  score = people["score"].to_numpy()
  title = f"Mean generic score of what a person likes, by trait ({study.raters})"
  columns = ("trait", "upper half", "lower half", "SROCC over people", "people", "run")
  table = Table("figure4", title, columns)
  for trait in TRAITS:
    value = people[trait].to_numpy()
    high = value > np.median(value)
    means = [float(score[part].mean()) if part.any() else None for part in (high, ~high)]
    srcc = float(metrics.srcc(score, value))
    table.add(trait, *means, srcc, len(score), scorer(study).name)
  return table


def _draw(study: Study, liked: pl.DataFrame) -> Figure:
  source = records.open_split(study.prepared(PSYCHO), "test")
  figure = Figure(figsize=(9, 2.1 * len(TRAITS)), layout="constrained")
  axes = figure.subplots(len(TRAITS), 2 * SHOWN, squeeze=False)
  for row, trait in zip(axes, TRAITS, strict=True):
    ends = (liked.sort(trait, "user", "row", descending=down) for down in (True, False))
    for half, end in enumerate(ends):
      theirs = end.filter(pl.col("user") == end["user"][0]).sort("row").head(SHOWN)
      for place, (index, score) in enumerate(theirs.select("row", "score").iter_rows()):
        axis = row[half * SHOWN + place]
        axis.imshow(images.load(source[index]["image"], SIDE, source.names[index]))
        word = "low" if half else "high"
        axis.set_title(f"{word} {trait}: {score:.2f}", fontsize=8)
    for axis in row:
      axis.set_axis_off()
  return figure
