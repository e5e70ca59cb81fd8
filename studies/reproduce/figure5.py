"""Fig. 5: photographs of AVA with predicted and true distributions, and predicted traits."""

from __future__ import annotations

import numpy as np

from paiaa_jax.data import images, records
from paiaa_jax.models import vector
from paiaa_jax.reporting import galleries
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.types import TRAITS
from studies.reproduce.results import Results
from studies.reproduce.runs import Need
from studies.reproduce.study import AVA, Study
from studies.reproduce.table3 import trained_on

SHOWN = 4  # photographs, from the highest to the lowest predicted score
SIDE = 224  # pixels


def needs(study: Study) -> list[Need]:
  return [Need(trained_on(study, AVA), AVA)]


def section(results: Results) -> Section:
  study, run = results.study, trained_on(results.study, AVA)
  title = f"Fig. 5: what it says of a photograph ({study.raters})"
  frame, labels = results.frame(run, AVA), results.labels(run, AVA)
  if frame is None or labels is None:
    return Section(title)
  source = records.open_split(study.prepared(AVA), "test")
  order = np.argsort(-frame["aesthetic_score"].to_numpy(), kind="stable")
  rows = order[np.linspace(0, len(order) - 1, SHOWN).round().astype(int)]
  buckets = labels["distribution"].shape[1]
  figure = galleries.distributions_and_traits(
    [np.asarray(images.load(source[row]["image"], SIDE, source.names[row])) for row in rows],
    frame.select(vector.bucket_columns(buckets)).to_numpy()[rows],
    labels["distribution"][rows],
    frame.select(TRAITS).to_numpy()[rows],
    np.linspace(0, 1, buckets).tolist(),  # (s - 1) / (b - 1)
    TRAITS,
  )
  caption = (
    "Test photographs from the highest to the lowest predicted score, evenly by rank; scores 0..1, "
    f"traits -1..1, by {run.name}."
  )
  return Section(title, "", [], [Picture("figure5", caption, figure)])
