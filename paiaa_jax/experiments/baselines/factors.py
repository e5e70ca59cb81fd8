"""Feature-based probabilistic matrix factorisation: a crowd's factors, and a person's from shots.

The paper's (O'Donovan, Agarwala, Hertzmann, "Collaborative filtering of color aesthetics",
Computational Aesthetics 2014): a rating is the product of a user's and an item's latent vector; the
item's is a learned linear map of its features, so that items without a rating can be predicted; the
user's has a Gaussian prior. (Their second model puts a neural network in the map's place.)

Ours, who have read its abstract: with x the features of a photograph and a 1,

    rating = mean + x . average + x . map' u + noise,    u ~ N(0, I),

whose first part is the crowd's average taste, so a person without a shot gets that. Map, average
and noise are fitted to the crowd by expectation maximisation under a N(0, I) prior on each weight;
a test person's u is then the most probable one given the shots, in closed form. Features are the
principal components of our pooled features (content), the auxiliary outputs (attributes), or both.
Only the moments of each member of the crowd are kept, so memory does not grow with the ratings.

Shapes: c members of the crowd, d factors, q columns of x.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from paiaa_jax.experiments.baselines.inputs import Crowd, Photos, Shots, shots_of

FACTORS = 8
ROUNDS = 100
LEAST_NOISE = 1e-3  # squared points: a handful of ratings can be fitted without error
PENALTY = 1.0  # 1 / variance of the prior on a weight; x has mean squared norm 1, ratings points


class Factorisation(NamedTuple):
  """What a crowd tells.

  Attributes:
    mean: of its ratings, in points.
    weights: [1 + d, q], the average taste and below it the map to factors.
    noise: variance, in squared points.
  """

  mean: float
  weights: np.ndarray
  noise: float


class Moments(NamedTuple):
  """Sums over each member's ratings r, from which the mean of all is taken first.

  Attributes:
    gram: [c, q, q], of x x'.
    cross: [c, q], of x r.
    energy: of r r, over all members.
    count: of ratings, likewise.
  """

  gram: np.ndarray
  cross: np.ndarray
  energy: float
  count: int


def on_features(photos: Photos, shots: Shots, crowd: Crowd) -> np.ndarray:
  """Content: components of the pooled features."""
  return _personal(photos.components, shots, crowd.components, crowd)


def on_traits(photos: Photos, shots: Shots, crowd: Crowd) -> np.ndarray:
  """Attributes: the auxiliary outputs."""
  return _personal(photos.traits, shots, crowd.traits, crowd)


def on_both(photos: Photos, shots: Shots, crowd: Crowd) -> np.ndarray:
  """Both, side by side."""
  mine, theirs = (np.concatenate([p.components, p.traits], axis=1) for p in (photos, crowd))
  return _personal(mine, shots, theirs, crowd)


def _personal(rows: np.ndarray, shots: Shots, of_crowd: np.ndarray, crowd: Crowd) -> np.ndarray:
  model = fit_crowd(with_constant(of_crowd), crowd.user, crowd.photo, crowd.score)
  x = with_constant(rows)
  people = zip(shots.photo, shots.place, shots.rating, strict=True)
  return np.stack([score_person(model, x[photo], place, rating) for photo, place, rating in people])


def with_constant(rows: np.ndarray) -> np.ndarray:
  """[n, q - 1] -> [n, q] float64, a last column of ones."""
  return np.concatenate([rows, np.ones((len(rows), 1))], axis=1, dtype=np.float64)


def score_person(
  model: Factorisation, x: np.ndarray, place: np.ndarray, rating: np.ndarray
) -> np.ndarray:
  """Scores [n, s] by the most probable factors given each split's shots: x [n, q]; [k, s] twice."""
  average = model.mean + x @ model.weights[0]
  latent = x @ model.weights[1:].T  # [n, d]
  seen = shots_of(latent, place)  # [s, k, d]
  residual = rating.T - average[place.T]
  gram = seen.transpose(0, 2, 1) @ seen + model.noise * np.eye(latent.shape[1])
  cross = np.einsum("skd,sk->sd", seen, residual)
  factors = np.linalg.solve(gram, cross[..., None])[..., 0]
  return average[:, None] + latent @ factors.T


def fit_crowd(
  x: np.ndarray,
  user: np.ndarray,
  photo: np.ndarray,
  score: np.ndarray,
  *,
  factors: int = FACTORS,
  rounds: int = ROUNDS,
) -> Factorisation:
  """Expectation maximisation from the crowd's ratings: x [m, q]; user, photo, score [t]."""
  mean = float(np.mean(score))
  sums = _moments(x, user, photo, score - mean)
  model = _start(mean, sums, factors)
  for _ in range(rounds):
    model = _round(model, sums)
  return model


def _moments(x: np.ndarray, user: np.ndarray, photo: np.ndarray, centred: np.ndarray) -> Moments:
  order = np.argsort(user, kind="stable")
  bounds = np.flatnonzero(np.diff(user[order])) + 1
  gram, cross = [], []
  for mine in np.split(order, bounds):
    rows = x[photo[mine]]
    gram.append(rows.T @ rows)
    cross.append(rows.T @ centred[mine])
  return Moments(np.stack(gram), np.stack(cross), float(centred @ centred), len(centred))


def _start(mean: float, sums: Moments, factors: int) -> Factorisation:
  """Average by ridge regression; map: the main directions of the members' own deviations."""
  ridge = PENALTY * np.eye(sums.gram.shape[1])
  average = np.linalg.solve(sums.gram.sum(axis=0) + ridge, sums.cross.sum(axis=0))
  residual = sums.cross - sums.gram @ average
  own = np.linalg.solve(sums.gram + ridge, residual[..., None])[..., 0]
  _, spread, directions = np.linalg.svd(own, full_matrices=False)
  main = (spread[:, None] * directions / np.sqrt(len(own)))[:factors]
  left = sums.energy - average @ sums.cross.sum(axis=0)
  noise = max(left / sums.count, LEAST_NOISE)
  return Factorisation(mean, np.concatenate([average[None], main]), noise)


def _round(model: Factorisation, sums: Moments) -> Factorisation:
  """Each member's factors given the model, then the model given those."""
  average, latent = model.weights[0], model.weights[1:]
  width, q = model.weights.shape
  precision = latent @ sums.gram @ latent.T / model.noise + np.eye(width - 1)
  covariance = np.linalg.inv(precision)
  pull = (sums.cross - sums.gram @ average) @ latent.T / model.noise
  factors = np.einsum("cde,ce->cd", covariance, pull)
  first = np.concatenate([np.ones((len(factors), 1)), factors], axis=1)  # E [1, u]
  second = first[:, :, None] * first[:, None, :]
  second[:, 1:, 1:] += covariance
  grams = sums.gram.reshape(-1, q * q)
  system = (second.reshape(-1, width**2).T @ grams).reshape(width, width, q, q)
  system = system.transpose(0, 2, 1, 3).reshape(width * q, width * q)
  cross = first.T @ sums.cross
  penalty = model.noise * PENALTY * np.eye(width * q)
  weights = np.linalg.solve(system + penalty, cross.ravel()).reshape(width, q)
  explained = 2 * np.sum(weights * cross) - weights.ravel() @ system @ weights.ravel()
  noise = max((sums.energy - explained) / sums.count, LEAST_NOISE)
  return Factorisation(model.mean, weights, noise)
