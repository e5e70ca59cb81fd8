"""Users' factors and a linear map from features to photographs' factors, fitted to other users.

With x the features of a photograph and a 1,

    rating = mean + x . average + x . map' u + noise,    u ~ N(0, I) of each user,

average and map with a prior N(0, 1 / penalty) on each weight. Expectation maximisation: each other
user's factors given the weights, then weights and noise given those; no round lowers the posterior
density. Only moments of each other user are kept, so memory does not grow with the ratings.

Shapes: c other users, d factors, q columns of x.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from studies.baselines.inputs import shots_of

FACTORS = 8
ROUNDS = 50
START_PENALTY = 0.1  # of each other user's own weights, from which the map starts
LEAST_NOISE = 1e-3  # squared points: a handful of ratings can be fitted without error


class Factorisation(NamedTuple):
  """The model, fitted to other users.

  Attributes:
    mean: of its ratings, in points.
    weights: [1 + d, q], the average taste and below it the map to factors.
    noise: variance, in squared points.
    penalty: of the weights, 1 / variance of their prior.
  """

  mean: float
  weights: np.ndarray
  noise: float
  penalty: float


class Moments(NamedTuple):
  """Sums over each other user's ratings r, less the mean of all ratings.

  Attributes:
    gram: [c, q, q], of x x'.
    cross: [c, q], of x r.
    energy: of r r, over all other users.
    count: of ratings, likewise.
  """

  gram: np.ndarray
  cross: np.ndarray
  energy: float
  count: int


def with_constant(rows: np.ndarray) -> np.ndarray:
  """[n, q - 1] -> [n, q] float64, a last column of ones."""
  return np.concatenate([rows, np.ones((len(rows), 1))], axis=1, dtype=np.float64)


def score_user(
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


def fit_others(
  x: np.ndarray,
  user: np.ndarray,
  photo: np.ndarray,
  score: np.ndarray,
  *,
  penalty: float,
  factors: int = FACTORS,
  rounds: int = ROUNDS,
) -> Factorisation:
  """Expectation maximisation from the other users' ratings: x [m, q]; user, photo, score [t]."""
  mean = float(np.mean(score))
  sums = _moments(x, user, photo, score - mean)
  model = _start(mean, sums, factors, penalty)
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


def _start(mean: float, sums: Moments, factors: int, penalty: float) -> Factorisation:
  """The average by ridge regression; the map from principal directions of users' deviations."""
  ridge = START_PENALTY * np.eye(sums.gram.shape[1])
  average = np.linalg.solve(sums.gram.sum(axis=0) + ridge, sums.cross.sum(axis=0))
  residual = sums.cross - sums.gram @ average
  own = np.linalg.solve(sums.gram + ridge, residual[..., None])[..., 0]
  _, spread, directions = np.linalg.svd(own, full_matrices=False)
  main = (spread[:, None] * directions / np.sqrt(len(own)))[:factors]
  left = sums.energy - average @ sums.cross.sum(axis=0)
  noise = max(left / sums.count, LEAST_NOISE)
  return Factorisation(mean, np.concatenate([average[None], main]), noise, penalty)


def _round(model: Factorisation, sums: Moments) -> Factorisation:
  """Each other user's factors given the model, then the model given those."""
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
  penalty = model.noise * model.penalty * np.eye(width * q)
  weights = np.linalg.solve(system + penalty, cross.ravel()).reshape(width, q)
  explained = 2 * np.sum(weights * cross) - weights.ravel() @ system @ weights.ravel()
  noise = max((sums.energy - explained) / sums.count, LEAST_NOISE)
  return model._replace(weights=weights, noise=noise)
