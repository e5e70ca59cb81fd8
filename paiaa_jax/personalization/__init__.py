"""Personal scores from a few of a user's own ratings, for many users at once.

    images = pz.make_images(generic, outputs, coordinates)        # [N], [N, k], [N, m]
    users = pz.make_users(images, row, ratings, valid)            # [u, n] rows of images, ratings
    splits = pz.draw_splits(users, pz.Protocol(shots=(10, 100), num_splits=50, seed=0))
    result = pz.evaluate(pz.ridge(), users, splits)               # one compiled call
    result.srcc_personal                                          # [shots, u, s]

A solver is a pair of pure functions for one user: `init` takes what other users tell, `predict` a
user's shots. SOLVERS has all of them by name. Scores that were made elsewhere go through the same
`evaluate`. Nothing here opens a file.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
  "users": ("Images", "Users", "make_images", "make_users"),
  "splits": ("Protocol", "Splits", "draw_splits"),
  "solvers": ("SOLVERS", "Prediction", "Shots", "Solver"),
  "solvers.conditional": ("conditional",),
  "solvers.empirical_bayes": ("empirical_bayes",),
  "solvers.population_mean": ("population_mean",),
  "solvers.ridge": ("ols", "ridge"),
  "solvers.sgd": ("sgd",),
  "solvers.taste": ("taste",),
  "evaluation": ("evaluate", "predict"),
  "held_out": ("Evaluation",),
  "statistics": ("bootstrap", "compare_users", "summarize"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
  """Imports a name when it is asked for: the fit of one user needs no jax (PEP 562)."""
  if name not in _HOME:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
  return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
  return sorted([*globals(), *__all__])
