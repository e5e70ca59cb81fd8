"""Scores beside the ratings that were held out: what an Evaluation is and how it comes about.

Shapes: u users, n images (padded), s splits, k auxiliary outputs.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import jax
import jax.numpy as jnp

from paiaa_jax.personalization.ranks import correlate_ranks, ranks, subset_ranks
from paiaa_jax.personalization.solvers.base import Prediction
from paiaa_jax.personalization.splits import Splits
from paiaa_jax.personalization.users import Users
from paiaa_jax.types import Array

LEVEL = 0.9  # probability that an interval holds a rating


class Evaluation(NamedTuple):
  """Arrays for each number of shots, user and split; NaN where undefined or left out.

  Attributes:
    srcc_personal: [shots, u, s], SROCC of the personal scores on the held-out images.
    srcc_generic: [shots, u, s], SROCC of the generic scores on the same images.
    weights: [shots, u, s, k].
    intercept: [shots, u, s], in points.
    penalty: [shots, u, s], the likeliest ridge penalty; NaN where a solver has none.
    coverage: [shots, u, s], share of held-out ratings within their interval; NaN without intervals.
    width: [shots, u, s], mean width of those intervals, in points.
    left_out: [shots, u], True where fewer than two images are held out: nothing to rank.
    constant_ratings: [shots, u, s], True where the held-out ratings are all equal.
    constant_personal, constant_generic: [shots, u, s], the same for the scores.
    scores: [shots, u, n, s], the personal scores in points; None unless `keep_scores`.

  Example:
    >>> result.srcc_personal.shape, result.weights.shape, result.left_out.any()
    ((2, 8, 3), (2, 8, 3, 5), np.False_)
  """

  srcc_personal: Array
  srcc_generic: Array
  weights: Array
  intercept: Array
  penalty: Array
  coverage: Array
  width: Array
  left_out: Array
  constant_ratings: Array
  constant_personal: Array
  constant_generic: Array
  scores: Array | None = None


def rank_held_out(users: Users, splits: Splits, scores: Array, k: int) -> Evaluation:
  """One number of shots: an Evaluation without the leading axis, of scores [u, n, s] alone."""
  count = jnp.maximum(jnp.sum(users.valid, axis=1) - k, 0)  # [u] images held out
  held_out = splits.held_out(k)
  rating_ranks = subset_ranks(users.ratings, held_out)
  generic = correlate_ranks(subset_ranks(users.generic, held_out), rating_ranks, count)
  # Pairs are counted among the images drawn from position k on, closed up: that costs their number
  # squared. Then each rank goes back to its image.
  first = min(k, scores.shape[1] - 1)
  closed_up = ranks(jnp.take_along_axis(scores, splits.image[:, first:], axis=1), count)
  place = jnp.clip(splits.position - first, 0, closed_up.shape[1] - 1)
  personal_ranks = jnp.where(held_out, jnp.take_along_axis(closed_up, place, axis=1), 0)
  personal = correlate_ranks(personal_ranks, rating_ranks, count)
  left_out = count < 2
  nothing = jnp.full_like(personal.srcc, jnp.nan)
  return Evaluation(
    srcc_personal=_unless(left_out, personal.srcc),
    srcc_generic=_unless(left_out, generic.srcc),
    weights=jnp.full((*nothing.shape, users.images.outputs.shape[1]), jnp.nan),
    intercept=nothing,
    penalty=nothing,
    coverage=nothing,
    width=nothing,
    left_out=left_out,
    constant_ratings=personal.constant_b & ~left_out[:, None],
    constant_personal=personal.constant_a & ~left_out[:, None],
    constant_generic=generic.constant_a & ~left_out[:, None],
  )


def describe(
  ranked: Evaluation, users: Users, splits: Splits, prediction: Prediction, k: int
) -> Evaluation:
  """`ranked` with what a prediction [u, ..., s] says besides the order of its scores."""
  if prediction.weights is not None:
    ranked = ranked._replace(
      weights=jnp.moveaxis(prediction.weights[:, :-1], 1, -1), intercept=prediction.weights[:, -1]
    )
  if prediction.penalty is not None:
    ranked = ranked._replace(penalty=prediction.penalty)
  if prediction.variance is None:
    return ranked
  held_out = splits.held_out(k)
  count = jnp.sum(held_out, axis=1)
  half_width = interval_half_width(prediction)
  error = prediction.scores - users.ratings[..., None]
  coverage = jnp.sum(held_out & (jnp.abs(error) <= half_width), axis=1) / count
  width = jnp.sum(jnp.where(held_out, 2 * half_width, 0), axis=1) / count
  return ranked._replace(
    coverage=_unless(ranked.left_out, coverage), width=_unless(ranked.left_out, width)
  )


def interval_half_width(prediction: Prediction, level: float = LEVEL) -> Array:
  """Half the interval that holds a new rating with probability `level`: [u, n, s].

  The prediction must have a variance.
  """
  z = jax.scipy.stats.norm.ppf((1 + level) / 2)
  freedom = prediction.degrees_of_freedom
  if freedom is not None:  # Student's t by Cornish and Fisher's expansion; within 1 % from 5 up
    second = (z**3 + z) / 4
    third = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    z = (z + second / freedom + third / freedom**2)[:, None]
  return z * jnp.sqrt(cast(Array, prediction.variance))


def _unless(left_out: Array, values: Array) -> Array:
  """values [u, s], NaN for users left out [u]."""
  return jnp.where(left_out[:, None], jnp.nan, values)
