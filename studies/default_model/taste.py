"""The prior of a new user's weights, taste and noise, fitted to OASIS's users.

A new user's photographs may be of themes like OASIS's, or of another kind. So each of OASIS's users
counts twice: with all ratings, of photographs described by heads that saw no photograph of their
theme; and with the ratings of each category (animals, objects, people, scenery) as if by a user of
their own, described by heads that saw none of the category. The prior that makes all of them
likeliest is found by expectation maximisation (empirical Bayes).
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from paiaa_jax import rng
from paiaa_jax.models import frozen_heads
from paiaa_jax.models.frozen_heads import Heads
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.likelihood import ratings_alone
from paiaa_jax.personalization.posterior import Photographs, TastePrior
from studies.default_model import heads, measure
from studies.default_model.heads import SCALE, Inputs

USERS = 120  # of OASIS's, drawn; more do not move the prior
FEWEST = 20  # ratings of one user in one category
STEPS = 40  # of expectation maximisation
LEAST_DEVIATION = 0.2  # of the logarithms of the variances
OTHER_SCALE = 1.0  # squared points, as a new user may use the scale otherwise than OASIS's users


class Case(NamedTuple):
  """One user's ratings [n] of one category, in points, and the model's outputs for them."""

  photographs: Photographs
  points: np.ndarray


def fit_prior(inputs: Inputs, ratings: np.ndarray, category: np.ndarray, kept: Heads) -> TastePrior:
  """The prior from ratings [r, n] (NaN: none) of photographs in categories [n].

  kept: the heads of the model, whose coordinates and kernel width the prior has.
  """
  drawn = rng.generator(0, "default model taste").permutation(len(ratings))[:USERS]
  theme = measure.draw_folds(measure.themes(inputs.names), measure.SEEDS[0])
  whole = np.zeros(len(category), int)
  described = describe(inputs, theme, kept)
  cases = _cases(ratings[drawn], described, whole)
  cases += _cases(ratings[drawn], describe(inputs, category, kept), category)
  centre = np.append(np.mean(described.generic), np.mean(described.outputs, axis=0))
  prior = posterior.broad_prior(SCALE.tolist(), len(centre) - 1)
  covariance = np.diag([1.0, 0.25, *[0.5] * (len(centre) - 1)])
  prior = prior._replace(
    centre=centre,
    mean=np.append(centre[0], prior.mean[1:]),
    covariance=covariance,
    width=float(kept["width"]),
    log_taste=(float(np.log(0.5)), 1.0),
    log_noise=(0.0, 1.0),
  )
  for step in range(STEPS):
    prior = _step(prior, cases)
    if step % 10 == 9:
      logging.info("prior of %d ratings' groups: %s", len(cases), np.round(prior.mean, 3))
  prior.covariance[0, 0] += OTHER_SCALE
  return prior


def _cases(ratings: np.ndarray, described: Photographs, parts: np.ndarray) -> list[Case]:
  """A Case for each of v users and each of `parts` [n] with FEWEST ratings; ratings [v, n]."""
  return [
    Case(described.take(rows), own[rows].astype(np.float64))
    for own in ratings
    for name in np.unique(parts)
    for rows in [np.flatnonzero(~np.isnan(own) & (parts == name))]
    if len(rows) >= FEWEST
  ]


def describe(inputs: Inputs, fold: np.ndarray, kept: Heads) -> Photographs:
  """Each photograph by heads fitted without its fold; coordinates are the model's own."""
  generic, outputs = np.empty(len(fold)), np.empty((len(fold), inputs.norms.shape[1]))
  for name in np.unique(fold):
    own = fold == name
    fitted = heads.fit(inputs, ~own)
    raw = frozen_heads.respond(fitted, frozen_heads.project(fitted, inputs.features[own]))
    generic[own] = heads.scores(fitted, inputs.features[own])
    outputs[own] = np.clip(raw[:, len(SCALE) :], -1, 1)
  return Photographs(generic, outputs, frozen_heads.project(kept, inputs.features))


def _step(prior: TastePrior, cases: list[Case]) -> TastePrior:
  means, logs = [], []
  covariance = np.zeros_like(prior.covariance)
  for photographs, points in cases:
    found = posterior.weigh(prior, photographs, ratings_alone(points))
    pull = posterior.design(prior, photographs) @ prior.covariance  # [n, d]
    moved = np.stack([fit.dual for fit in found.fits]) @ pull  # [h, d]
    mean = found.weight @ moved
    means.append(prior.mean + mean)
    for weight, fit in zip(found.weight, found.fits, strict=True):
      covariance += weight * (prior.covariance - pull.T @ fit.precision @ pull)
    covariance += (found.weight[:, None] * moved).T @ moved - np.outer(mean, mean)
    both = np.log([found.taste, found.noise])
    logs.append([both @ found.weight, np.square(both) @ found.weight])
  average = np.mean(means, axis=0)
  gap = np.asarray(means) - average
  (first, second) = np.mean(logs, axis=0)
  deviation = np.maximum(np.sqrt(np.maximum(second - np.square(first), 0)), LEAST_DEVIATION)
  return prior._replace(
    mean=average,
    covariance=(covariance + gap.T @ gap) / len(cases),
    log_taste=(float(first[0]), float(deviation[0])),
    log_noise=(float(first[1]), float(deviation[1])),
  )
