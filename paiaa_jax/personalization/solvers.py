"""The ways to fit stage 2: a frozen record of settings each, by name."""

from __future__ import annotations

import dataclasses

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, float("inf"))
RATINGS_A_WEIGHT = 10  # a strength may set free so many weights as there are tens of ratings


@dataclasses.dataclass(frozen=True)
class Ridge:
  """Least squares with a penalty of strength * |w|^2 on the un-normalised Gram matrix.

  Attributes:
    strengths: one, or a grid from which each fit chooses by leave-one-out on its own shots, among
      those that set free no more effective weights than one for RATINGS_A_WEIGHT shots; infinity
      is the generic score, 0 is Eq. 7 as written.
    intercept: also fit a constant, free of penalty (a harsh or a kind rater); without it, harshness
      is taken for a dislike of every output whose mean is not 0.
  """

  strengths: tuple[float, ...] = GRID
  intercept: bool = False


@dataclasses.dataclass(frozen=True)
class Sgd:
  """The paper's stage 2: momentum from 0, without intercept; batches of min(batch_size, k)."""

  learning_rate: float = 1e-4
  decay: float = 0.9
  momentum: float = 0.9
  weight_decay: float = 1e-5
  epochs: int = 50
  batch_size: int = 50


@dataclasses.dataclass(frozen=True)
class Bayes:
  """A Gaussian prior from a crowd; without one, from the other users' shots of the same split.

  Attributes:
    level: probability that an interval holds the rating.
    folds: users are dealt into this many groups, and each group's prior comes from the others;
      up to so many users, each is a group of one.
    own: whether a person's own shots count. Without them (solver "crowd") everybody has the
      prior's mean: what taste people share beyond the generic score, and nothing personal.
  """

  level: float = 0.9
  folds: int = 40
  own: bool = True


@dataclasses.dataclass(frozen=True)
class Conditional:
  """Weights that depend on the image, by a network on frozen features (see `conditional`).

  Attributes:
    widths: units of the hidden layers; the authors' scripts have (1024, 512).
    learning_rate, weight_decay: of AdamW.
    steps: of training, each on all shots.
    block: splits of a user in memory at once; each holds a network and its gradients.
  """

  widths: tuple[int, ...] = (64,)
  learning_rate: float = 1e-3
  weight_decay: float = 1e-2
  steps: int = 100
  block: int = 25


SOLVERS = {
  "ridge": Ridge(intercept=True),
  "ols": Ridge(strengths=(0.0,)),
  "sgd": Sgd(),
  "bayes": Bayes(),
  "crowd": Bayes(own=False),
  "conditional": Conditional(),
}
Solver = Ridge | Sgd | Bayes | Conditional


def named(solver: str | Solver) -> Solver:
  """The settings a name stands for; settings themselves pass."""
  if isinstance(solver, str) and solver not in SOLVERS:
    raise ValueError(f"solver {solver!r} is unknown; use one of {', '.join(SOLVERS)}.")
  return SOLVERS[solver] if isinstance(solver, str) else solver
