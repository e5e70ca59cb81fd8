"""The prior of a new user's weights, taste and noise, fitted to OASIS's users.

A new user's photographs may be of themes like OASIS's, or of another kind. So each of OASIS's users
counts several times: with the ratings of each fold of themes, and with those of each category
(animals, objects, people, scenery), as if by a user of their own. Photographs are described,
coordinates too, by heads fitted without the fold: those that the coordinates are made of lie
farther apart in them than new ones (mean square 2,200 against 1,350; Vessel's 1,440), and a prior
fitted to those takes noise for taste. The prior that makes all of the ratings likeliest is found by
expectation maximisation (empirical Bayes).
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from paiaa_jax import rng
from paiaa_jax.models import frozen_heads
from paiaa_jax.models.frozen_heads import Heads
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.posterior import Photographs, TastePrior
from studies.default_model import heads, measure
from studies.default_model.heads import SCALE, Inputs

USERS = 120  # of OASIS's, drawn; more do not move the prior
FEWEST = 20  # ratings of one user in one fold
STEPS = 40  # of expectation maximisation
LEAST_DEVIATION = 0.2  # of the logarithms of the variances
OTHER_SCALE = 1.0  # squared points, as a new user may use the scale otherwise than OASIS's users
# of the heads' width, for taste: of .18, .25, .35, .5, .7, 1 and 1.4 the one under which the
# ratings of 60 users are likeliest (the logarithm is 150 more than at 1)
NARROWER = 0.35


class Case(NamedTuple):
  """One user's ratings of n photographs of one fold: design [n, d], likeness [n, n], points [n]."""

  design: np.ndarray
  alike: np.ndarray
  points: np.ndarray


def fit_prior(
  inputs: Inputs, ratings: np.ndarray, category: np.ndarray, width: float
) -> TastePrior:
  """The prior from ratings [r, n] (NaN: none) of photographs in categories [n].

  width: of the model's heads, in whose coordinates the prior is told.
  """
  drawn = rng.generator(0, "default model taste").permutation(len(ratings))[:USERS]
  theme = measure.draw_folds(measure.themes(inputs.names), measure.SEEDS[0])
  described = describe(inputs, theme)
  centre = np.append(np.mean(described.generic), np.mean(described.outputs, axis=0))
  prior = posterior.broad_prior(SCALE.tolist(), len(centre) - 1)
  covariance = np.diag([1.0, 0.25, *[0.5] * (len(centre) - 1)])
  prior = prior._replace(
    centre=centre,
    mean=np.append(centre[0], prior.mean[1:]),
    covariance=covariance,
    width=NARROWER,
    log_taste=(float(np.log(0.5)), 1.0),
    log_noise=(0.0, 1.0),
  )
  users = cases(prior, ratings[drawn], described, theme)
  users += cases(prior, ratings[drawn], describe(inputs, category), category)
  for number in range(STEPS):
    prior = step(prior, users)
    if number % 10 == 9:
      logging.info("prior of %d ratings' groups: %s", len(users), np.round(prior.mean, 3))
  prior.covariance[0, 0] += OTHER_SCALE
  return prior._replace(width=NARROWER * width)


def cases(
  prior: TastePrior, ratings: np.ndarray, described: Photographs, parts: np.ndarray
) -> list[Case]:
  """A Case for each of v users and each of `parts` [n] with FEWEST ratings; ratings [v, n]."""
  design = posterior.design(prior, described)
  alike = posterior.likeness(prior, described, described)
  return [
    Case(design[rows], alike[np.ix_(rows, rows)], own[rows].astype(np.float64))
    for own in ratings
    for name in np.unique(parts)
    for rows in [np.flatnonzero(~np.isnan(own) & (parts == name))]
    if len(rows) >= FEWEST
  ]


def describe(inputs: Inputs, fold: np.ndarray) -> Photographs:
  """Each photograph by heads fitted without its fold.

  Coordinates are divided by the root of those heads' width; they compare photographs of one fold.
  """
  n, k = len(fold), inputs.norms.shape[1]
  found = Photographs(np.empty(n), np.empty((n, k)), np.zeros((n, frozen_heads.COORDINATES)))
  for name in np.unique(fold):
    own = fold == name
    fitted = heads.fit(inputs, ~own)
    seen = view(fitted, inputs.features[own])
    found.generic[own], found.outputs[own] = seen.generic, seen.outputs
    found.coordinates[own, : seen.coordinates.shape[1]] = seen.coordinates / np.sqrt(
      fitted["width"]
    )
  return found


def view(fitted: Heads, features: np.ndarray) -> Photographs:
  """What the model of these heads says of photographs, features [n, d]."""
  coordinates = frozen_heads.project(fitted, features)
  outputs = frozen_heads.respond(fitted, coordinates)[:, len(SCALE) :]
  return Photographs(heads.scores(fitted, features), np.clip(outputs, -1, 1), coordinates)


def step(prior: TastePrior, cases: list[Case]) -> TastePrior:
  """One of expectation maximisation; the grid of posterior.weigh, all its pairs at once."""
  log_weight, taste, noise = posterior.grid(prior)
  both = np.log([taste, noise])
  means, logs = [], []
  covariance = np.zeros_like(prior.covariance)
  for design, alike, points in cases:
    pull, residual = design @ prior.covariance, points - design @ prior.mean  # [n, d], [n]
    told = pull @ design.T + taste[:, None, None] * alike
    told += noise[:, None, None] * np.eye(len(points))
    solved = np.linalg.solve(told, np.column_stack([residual, pull])[None])  # [h, n, 1 + d]
    dual, gain = solved[:, :, 0], pull.T @ solved[:, :, 1:]
    evidence = log_weight - (dual @ residual + np.linalg.slogdet(told)[1]) / 2
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    moved = dual @ pull  # [h, d]
    mean = weight @ moved
    means.append(prior.mean + mean)
    covariance += prior.covariance - np.tensordot(weight, gain, 1)
    covariance += (weight[:, None] * moved).T @ moved - np.outer(mean, mean)
    logs.append([both @ weight, np.square(both) @ weight])
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
