"""One user's scores given their ratings: a linear fusion and a Gaussian process in one posterior.

    score = w . design + taste(image)
    design = [1, generic - its centre, outputs - theirs]
    w ~ N(mean, covariance), taste ~ GP(0, tau^2 likeness)

What the user told follows the scores with noise sigma^2 (personalization.likelihood). tau^2 and
sigma^2 are not known: each pair of a grid counts as much as its prior and what was told make it
likely (Rasmussen and Williams, Gaussian Processes for Machine Learning, sections 2.7 and
5.2). So ten ratings move little and two hundred a lot. Numpy alone, for one user; ours, not the
paper's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from paiaa_jax.personalization import laplace
from paiaa_jax.personalization.likelihood import Told, ratings_alone
from paiaa_jax.types import Array

STEPS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])  # of the grid, in deviations of the logarithms
CHUNK = 8192  # photographs scored at once


class Photographs(NamedTuple):
  """What a model says of n photographs: generic [n], outputs [n, k], coordinates [n, m], m >= 0.

  Example:
    >>> pz.Photographs(generic, outputs, np.zeros((60, 0))).take(slice(3)).outputs.shape
    (3, 5)
  """

  generic: np.ndarray
  outputs: np.ndarray
  coordinates: np.ndarray

  def take(self, rows: Array | slice) -> Photographs:
    """The photographs of these rows."""
    return Photographs(*(np.asarray(array)[rows] for array in self))


class TastePrior(NamedTuple):
  """What is expected of a user before the first rating, in points; d = 2 + k.

  Attributes:
    mean, covariance: [d], [d, d] of the weights.
    centre: [1 + k], of the generic score and the outputs.
    width: of the kernel: likeness is exp(-|a - b|^2 / (2 width)); None: half the mean square
      distance of the rated photographs. Without coordinates likeness is the outputs' product.
    log_taste, log_noise: (mean, deviation) of the logarithm of tau^2 and of sigma^2.
  """

  mean: np.ndarray
  covariance: np.ndarray
  centre: np.ndarray
  width: float | None
  log_taste: tuple[float, float]
  log_noise: tuple[float, float]


def broad_prior(scale: Sequence[float], k: int) -> TastePrior:
  """Where no other users are known: the generic score as it is, little else for sure.

  scale: its first value is the lowest score, its last one the highest; k: auxiliary outputs.
  """
  span = (scale[-1] - scale[0]) / 6
  mean = np.zeros(2 + k)
  mean[:2] = (scale[0] + scale[-1]) / 2, 1.0
  covariance = np.diag([span**2, 0.1, *[span**2 / 2] * k])
  centre = np.array([mean[0], *[0.0] * k])
  square = 2 * np.log(span)
  return TastePrior(mean, covariance, centre, None, (square, 1.5), (square - 1.0, 1.0))


def in_points(
  ratings: np.ndarray, rating_scale: tuple[float, float], scale: tuple[float, float]
) -> np.ndarray:
  """Ratings [n] on one (lowest, highest) mapped linearly to the model's."""
  unit = (ratings - rating_scale[0]) / (rating_scale[1] - rating_scale[0])
  return scale[0] + unit * (scale[1] - scale[0])


def with_width(prior: TastePrior, rated: Photographs) -> TastePrior:
  """The prior, its kernel's width given by the rated photographs where it is not known."""
  if prior.width is not None or not np.shape(rated.coordinates)[1]:
    return prior
  place = np.asarray(rated.coordinates, np.float64)
  return prior._replace(width=float(np.sum(place.var(axis=0, ddof=1))) or 1.0)


@dataclasses.dataclass(frozen=True)
class Posterior:
  """Scores of any photographs; phi = [design, likeness to the n rated ones].

  Attributes:
    prior: see TastePrior.
    rated: the n photographs.
    weights: [d], of the design.
    dual: [n], of the likeness to each rated photograph.
    spread: [d + n, d + n], the variance of a score less the prior's is phi . spread phi.
    taste_variance, noise_variance: expected tau^2 and sigma^2, squared points.
  """

  prior: TastePrior
  rated: Photographs
  weights: np.ndarray
  dual: np.ndarray
  spread: np.ndarray
  taste_variance: float
  noise_variance: float

  def score(self, photographs: Photographs) -> np.ndarray:
    """[n] personal scores, in points."""
    parts, dual = [np.zeros(0)], self.dual.astype(np.float32)
    for rows in _chunks(photographs):
      taste = _likeness(self.prior, rows, self.rated) @ dual
      parts.append(design(self.prior, rows) @ self.weights + taste)
    return np.concatenate(parts)

  def variance(self, photographs: Photographs) -> np.ndarray:
    """[n] of the scores themselves, in squared points; a new rating's is noise_variance more."""
    return self.score_and_variance(photographs)[1]

  def score_and_variance(self, photographs: Photographs) -> tuple[np.ndarray, np.ndarray]:
    """[n] and [n], as `score` and `variance`; likeness, most of the work, is found once."""
    scores, variances, dual = [np.zeros(0)], [np.zeros(0)], self.dual.astype(np.float32)
    for rows in _chunks(photographs):
      x, alike = design(self.prior, rows), _likeness(self.prior, rows, self.rated)
      scores.append(x @ self.weights + alike @ dual)
      phi = np.concatenate([x, alike], axis=1)
      variance = np.einsum("nd,nd->n", x @ self.prior.covariance, x)
      variance += self.taste_variance * _square(self.prior, rows)
      variances.append(variance + np.einsum("nd,nd->n", phi @ self.spread, phi))
    return np.concatenate(scores), np.maximum(np.concatenate(variances), 0)

  def covariance(self, photographs: Photographs) -> np.ndarray:
    """[n, n] of the scores of few photographs."""
    x = design(self.prior, photographs)
    phi = np.concatenate([x, self.alike(photographs)], axis=1)
    both = self.taste_variance * likeness(self.prior, photographs, photographs)
    return x @ self.prior.covariance @ x.T + both + phi @ self.spread @ phi.T

  def alike(self, photographs: Photographs) -> np.ndarray:
    """[n', n] likeness of photographs to the rated ones."""
    return likeness(self.prior, photographs, self.rated)


class Candidates(NamedTuple):
  """The h pairs (tau^2, sigma^2), each with its own posterior given what was told of n photographs.

  Attributes:
    weight: [h], sums to 1.
    taste, noise: [h], tau^2 and sigma^2.
    fits: h, of the n photographs' scores.
  """

  weight: np.ndarray
  taste: np.ndarray
  noise: np.ndarray
  fits: list[laplace.Fit]


def grid(prior: TastePrior) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """The h pairs: how likely each is beforehand (logarithm, less a constant), tau^2, sigma^2."""
  taste, noise = (steps.ravel() for steps in np.meshgrid(STEPS, STEPS, indexing="ij"))
  log_weight = -(np.square(taste) + np.square(noise)) / 2
  taste = np.exp(prior.log_taste[0] + prior.log_taste[1] * taste)
  return log_weight, taste, np.exp(prior.log_noise[0] + prior.log_noise[1] * noise)


def weigh(prior: TastePrior, rated: Photographs, told: Told) -> Candidates:
  """How much each pair of the grid counts, given what was told of n photographs."""
  x = design(prior, rated)
  log_weight, taste, noise = grid(prior)
  mean, linear = x @ prior.mean, x @ prior.covariance @ x.T
  alike = likeness(prior, rated, rated)
  fits: list[laplace.Fit] = []
  for tau2, sigma2 in zip(taste, noise, strict=True):
    start = fits[-1].dual if fits else None
    fits.append(laplace.fit(told, mean, linear + tau2 * alike, tau2, sigma2, start))
  log_weight = log_weight + [fit.evidence for fit in fits]
  weight = np.exp(log_weight - log_weight.max())
  return Candidates(weight / weight.sum(), taste, noise, fits)


def fit(prior: TastePrior, rated: Photographs, told: Told | Array) -> Posterior:
  """The posterior given what was told of n photographs; an array [n] is of ratings in points."""
  told = told if isinstance(told, Told) else ratings_alone(told)
  return mix(prior, rated, weigh(prior, rated, told))


def mix(prior: TastePrior, rated: Photographs, found: Candidates) -> Posterior:
  """The posteriors of the candidates as one, each by its weight."""
  x = design(prior, rated)
  pull = x @ prior.covariance  # [n, d]
  n, d = pull.shape
  mean, spread = np.zeros(d + n), np.zeros((d + n, d + n))
  for weight, taste, one in zip(found.weight, found.taste, found.fits, strict=True):
    move = np.concatenate([pull.T @ one.dual, taste * one.dual])
    reach = np.concatenate([pull.T, taste * np.eye(n)])  # [d + n, n]
    mean += weight * move
    spread += weight * (np.outer(move, move) - reach @ one.precision @ reach.T)
  return Posterior(
    prior=prior,
    rated=rated,
    weights=prior.mean + mean[:d],
    dual=mean[d:],
    spread=spread - np.outer(mean, mean),
    taste_variance=float(found.weight @ found.taste),
    noise_variance=float(found.weight @ found.noise),
  )


def design(prior: TastePrior, photographs: Photographs) -> np.ndarray:
  """[n, d]: one, the generic score, the outputs."""
  generic = np.asarray(photographs.generic, np.float64)[:, None]
  known = np.concatenate([generic, photographs.outputs], axis=1) - prior.centre
  return np.concatenate([np.ones_like(generic), known], axis=1)


def likeness(prior: TastePrior, a: Photographs, b: Photographs) -> np.ndarray:
  """[n, n'] float64: how much the taste for one photograph tells of that for another."""
  return _likeness(prior, a, b).astype(np.float64)


def _chunks(photographs: Photographs) -> Iterator[Photographs]:
  for start in range(0, len(photographs.generic), CHUNK):
    yield photographs.take(slice(start, start + CHUNK))


def _likeness(prior: TastePrior, a: Photographs, b: Photographs) -> np.ndarray:
  """The same in float32, in place: of a million photographs it is the work."""
  x, y = (_place(prior, one) for one in (a, b))
  product = x @ y.T
  if not np.shape(a.coordinates)[1]:
    return product
  product *= 2
  product -= np.einsum("nm,nm->n", x, x)[:, None] + np.einsum("nm,nm->n", y, y)[None, :]
  np.minimum(product, 0, out=product)
  product /= np.float32(2 * (prior.width or 1.0))
  return np.exp(product, out=product)


def _place(prior: TastePrior, photographs: Photographs) -> np.ndarray:
  """Where the kernel compares photographs: [n, m], or the centred outputs [n, k]."""
  if np.shape(photographs.coordinates)[1]:
    return np.asarray(photographs.coordinates, np.float32)
  return np.asarray(photographs.outputs, np.float32) - prior.centre[1:].astype(np.float32)


def _square(prior: TastePrior, photographs: Photographs) -> np.ndarray:
  """[n], each photograph's likeness to itself."""
  if np.shape(photographs.coordinates)[1]:
    return np.ones(len(photographs.generic))
  place = _place(prior, photographs).astype(np.float64)
  return np.einsum("nm,nm->n", place, place)
