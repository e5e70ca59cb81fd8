"""Scores beside the ratings that were held out: what an Evaluation is and how it comes about.

Shapes: u users, n images (padded), s splits, k auxiliary outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from paiaa_jax.personalization.checks import Users
from paiaa_jax.personalization.fits import Fits
from paiaa_jax.personalization.ranks import correlate_ranks, ranks, subset_ranks
from paiaa_jax.personalization.splits import Draws
from paiaa_jax.types import Array


class Evaluation(NamedTuple):
  """Arrays for each k of `shots`, user and split; NaN where undefined or left out.

  Attributes:
    srcc_personal: [shots, u, s], SROCC of the personal scores on the held-out images.
    srcc_generic: [shots, u, s], SROCC of the generic scores on the same images.
    weights: [shots, u, s, k].
    intercept: [shots, u, s], in points.
    strength: [shots, u, s], the ridge chosen by leave-one-out; NaN where a solver has none.
    coverage: [shots, u, s], share of held-out ratings within their interval; NaN without intervals.
    width: [shots, u, s], mean width of those intervals, in points.
    left_out: [shots, u], True where fewer than k + 2 images leave nothing to rank.
    constant_ratings: [shots, u, s], True where the held-out ratings are all equal.
    constant_personal, constant_generic: [shots, u, s], the same for the scores.
    scores: [shots, u, n, s], the personal scores in points; None unless `keep_scores`.
  """

  srcc_personal: Array
  srcc_generic: Array
  weights: Array
  intercept: Array
  strength: Array
  coverage: Array
  width: Array
  left_out: Array
  constant_ratings: Array
  constant_personal: Array
  constant_generic: Array
  scores: Array | None = None


def rank_held_out(users: Users, draws: Draws, personal: Array, k: int) -> Evaluation:
  """One k's Evaluation (without the leading axis) of personal scores [u, n, s], without a fit."""
  count = jnp.maximum(jnp.sum(users.valid, axis=1) - k, 0)  # [u] images held out
  held_out = (draws.position >= k) & users.valid[..., None]
  rating_ranks = subset_ranks(users.ratings, held_out)
  generic = correlate_ranks(subset_ranks(users.generic, held_out), rating_ranks, count)
  # Pairs are counted among the images drawn from position k on, closed up: that costs their number
  # squared. Then each rank goes back to its image.
  first = min(k, personal.shape[1] - 1)
  closed_up = ranks(jnp.take_along_axis(personal, draws.image[:, first:], axis=1), count)
  place = jnp.clip(draws.position - first, 0, closed_up.shape[1] - 1)
  personal_ranks = jnp.where(held_out, jnp.take_along_axis(closed_up, place, axis=1), 0)
  ours = correlate_ranks(personal_ranks, rating_ranks, count)
  left_out = count < 2
  nothing = jnp.full_like(ours.srcc, jnp.nan)
  return Evaluation(
    srcc_personal=unless(left_out, ours.srcc),
    srcc_generic=unless(left_out, generic.srcc),
    weights=jnp.full((*nothing.shape, users.traits.shape[-1]), jnp.nan),
    intercept=nothing,
    strength=nothing,
    coverage=nothing,
    width=nothing,
    left_out=left_out,
    constant_ratings=ours.constant_b & ~left_out[:, None],
    constant_personal=ours.constant_a & ~left_out[:, None],
    constant_generic=generic.constant_a & ~left_out[:, None],
  )


def describe_fits(ranked: Evaluation, users: Users, draws: Draws, fits: Fits, k: int) -> Evaluation:
  """One k's Evaluation with what its fits say besides their order."""
  held_out = (draws.position >= k) & users.valid[..., None]
  error = users.generic[..., None] + fits.added - users.ratings[..., None]
  coverage, width = _intervals(fits.half_width, error, held_out)
  return ranked._replace(
    weights=jnp.moveaxis(fits.weights[:, :-1], 1, -1),
    intercept=fits.weights[:, -1],
    strength=ranked.strength if fits.strength is None else fits.strength,
    coverage=unless(ranked.left_out, coverage),
    width=unless(ranked.left_out, width),
  )


def _intervals(half_width: Array | None, error: Array, held_out: Array) -> tuple[Array, Array]:
  """Share of the held-out errors [u, n, s] within the interval, and its mean width: [u, s] each."""
  if half_width is None:
    nothing = jnp.full(held_out.shape[::2], jnp.nan)
    return nothing, nothing
  count = jnp.sum(held_out, axis=1)
  coverage = jnp.sum(held_out & (jnp.abs(error) <= half_width), axis=1) / count
  return coverage, jnp.sum(jnp.where(held_out, 2 * half_width, 0), axis=1) / count


def unless(left_out: Array, values: Array) -> Array:
  """values [u, s], NaN for users left out [u]."""
  return jnp.where(left_out[:, None], jnp.nan, values)
