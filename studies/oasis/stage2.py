"""Stage 2: what k of a person's own ratings add, by several solvers on the same splits.

A photograph of fold f is scored with what fold f's heads know and nothing else: outputs of the
shots, prior of the crowd and kernel are all those of fold f, which never saw the crowd's ratings of
its photographs. The five folds' scores are then put together and ranked.

Shapes: u people, n ratings each (padded), s splits, N photographs, c people of the crowd.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.svm import SVR

from paiaa_jax.personalization import bayes, crowd, fits, fusion, solvers
from paiaa_jax.types import Array
from studies.oasis import gaussian
from studies.oasis.gaussian import Process
from studies.oasis.people import People, Ranked, rank

LEVEL = 0.9
TASTE_VARIANCES = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)  # squared points
STRANGER = 4.0  # variance of a person's mean where nothing generic is known, squared points
COMPONENTS = 64  # of the pooled features, for `conditional`
KEPT_MODELS = 8  # whose processes are kept: more than the folds of a block
ASKED = 100  # people of the crowd who tell the variance of personal taste


@dataclasses.dataclass(frozen=True, eq=False)  # each is itself alone: what is made of it is kept
class FoldModel:
  """One fold's heads, as stage 2 sees them; none of it has seen the crowd's ratings of the fold.

  Attributes:
    test: [N] bool, the fold's photographs.
    generic: [N] generic scores in points.
    aux: [N, k] auxiliary outputs.
    kernel: [N, N] likeness by pooled features, centred, of mean diagonal 1.
    ratings: [c, N] by the crowd, of the other photographs; NaN where there is none.
    prior: of fusion weights [k + 1], from those ratings.
  """

  test: np.ndarray
  generic: np.ndarray
  aux: np.ndarray
  kernel: np.ndarray
  ratings: np.ndarray
  prior: bayes.Prior


Scores = tuple[np.ndarray, np.ndarray | None]  # [u, n, s], and half the interval about each
Solver = Callable[[FoldModel, People, int], Scores]  # the integer is k


def make_model(
  test: np.ndarray, generic: np.ndarray, aux: np.ndarray, kernel: np.ndarray, ratings: np.ndarray
) -> FoldModel:
  """See FoldModel; the fold's own ratings by the crowd [c, N] are dropped here."""
  ratings = np.where(test, np.nan, ratings)
  valid = ~np.isnan(ratings)
  people = len(ratings)
  prior = crowd.crowd_prior(
    np.tile(generic, (people, 1)), np.tile(aux, (people, 1, 1)), np.where(valid, ratings, 0), valid
  )
  return FoldModel(test, generic, aux, kernel, ratings, prior)


def evaluate(
  models: Sequence[FoldModel], people: People, solver: Solver, shots: Sequence[int]
) -> list[Ranked]:
  """One Ranked for each k of `shots`."""
  return [rank(people, k, *score(models, people, solver, k)) for k in shots]


def score(models: Sequence[FoldModel], people: People, solver: Solver, k: int) -> Scores:
  """Scores after k shots, each photograph's by the model of its own fold."""
  scores, half_width = solver(models[0], people, k)
  for model in models[1:]:
    own = model.test[people.photo][..., None]
    mine, width = solver(model, people, k)
    scores = np.where(own, mine, scores)
    half_width = None if width is None else np.where(own, width, half_width)
  return scores, half_width


def generic(model: FoldModel, people: People, k: int) -> Scores:
  """The crowd's taste for everyone."""
  del k
  scores = model.generic[people.photo][..., None]
  return np.broadcast_to(scores, people.draws.position.shape), None


def fused(settings: solvers.Solver) -> Solver:
  """A solver of personalization.solvers on generic scores and auxiliary outputs (Eq. 6)."""

  needs_features = isinstance(settings, solvers.Conditional)

  def solve(model: FoldModel, people: People, k: int) -> Scores:
    features = components(model.kernel)[people.photo] if needs_features else None
    fitted = _fit_all(
      settings,
      people._replace(ids=None),
      model.generic[people.photo],
      model.aux[people.photo],
      model.prior,
      features,
      k,
    )
    width = None if fitted.half_width is None else np.asarray(fitted.half_width)
    return model.generic[people.photo][..., None] + np.asarray(fitted.added), width

  return solve


@functools.partial(jax.jit, static_argnames="settings")
def _fit_all(
  settings: solvers.Solver,
  people: People,
  generic: Array,
  aux: Array,
  prior: bayes.Prior,
  features: Array | None,
  k: Array,
) -> fits.Fits:
  """Fits of u people and s splits; generic [u, n], aux [u, n, k], features [u, n, f]."""
  u, _, s = people.draws.position.shape
  valid = people.valid[..., None]
  with jax.default_matmul_precision("highest"):
    return fits.fit_all(
      settings,
      fusion.design(jnp.where(valid, aux, 0)),
      jnp.where(people.valid, people.rating - generic, 0),
      people.draws.position,
      jnp.full(s, k),
      jnp.arange(u),  # deals people into groups where the prior is theirs; here it is the crowd's
      prior,
      None if features is None else jnp.where(valid, features, 0),
    )


def by_process(process: Callable[[FoldModel], Process]) -> Solver:
  """A Gaussian process for each person, whose prior `process` makes once a model."""
  process_of = functools.lru_cache(maxsize=KEPT_MODELS)(process)

  def solve(model: FoldModel, people: People, k: int) -> Scores:
    scores, variance = gaussian.predict(
      process_of(model), people.photo, people.rating, people.draws.image[:, :k]
    )
    return np.asarray(scores), gaussian.half_width(np.asarray(variance), LEVEL)

  return solve


def outputs_and_taste(model: FoldModel) -> Process:
  """`bayes` and, beside it, a taste of each person's own over pooled features."""
  x = np.asarray(fusion.design(model.aux))
  prior = model.prior
  return _likeliest(
    model, model.generic + x @ prior.mean, x @ prior.covariance @ x.T, float(prior.noise)
  )


def taste_alone(model: FoldModel) -> Process:
  """The person's own ratings on pooled features, nothing from the crowd but its mean rating."""
  mean = np.full_like(model.generic, np.nanmean(model.ratings))
  base = np.full_like(model.kernel, STRANGER)
  return _likeliest(model, mean, base, float(model.prior.noise))


def _likeliest(model: FoldModel, mean: np.ndarray, base: np.ndarray, noise: float) -> Process:
  """Adds taste of that variance to `base` under which the crowd's ratings are likeliest.

  What taste explains was noise before, so the noise is tried at several levels along with it.
  """
  ratings = model.ratings[:ASKED]
  valid = ~np.isnan(ratings)
  count = valid.sum(axis=1).max()
  photo = np.argsort(~valid, axis=1, kind="stable")[:, :count]
  here = np.take_along_axis(valid, photo, axis=1)
  rating = np.where(here, np.take_along_axis(ratings, photo, axis=1), 0)

  def process(variance: float, share: float) -> Process:
    return Process(
      jnp.asarray(mean),
      jnp.asarray(base + variance * model.kernel),
      jnp.asarray(noise - share * variance),
    )

  candidates = [
    process(v, share) for v in TASTE_VARIANCES for share in (0.4, 0.8) if noise > share * v
  ]
  return max(candidates, key=lambda p: float(gaussian.log_likelihood(p, photo, rating, here)))


def components(kernel: np.ndarray) -> np.ndarray:
  """The first COMPONENTS principal components [N, COMPONENTS] of a kernel, of deviation 1."""
  _, vectors = np.linalg.eigh(kernel)
  return vectors[:, -COMPONENTS:] * np.sqrt(len(kernel))


def support_vectors(model: FoldModel, people: People, k: int) -> Scores:
  """A support vector regression for each person on pooled features; no crowd at all."""
  scores = np.empty(people.draws.position.shape, np.float32)
  for u, photo in enumerate(people.photo):
    kernel = model.kernel[np.ix_(photo, photo)]
    for s in range(scores.shape[-1]):
      shots = people.draws.image[u, :k, s]
      fitted = SVR(kernel="precomputed").fit(kernel[np.ix_(shots, shots)], people.rating[u, shots])
      scores[u, :, s] = fitted.predict(kernel[:, shots])
  return scores, None
