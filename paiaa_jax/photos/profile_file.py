"""A person's profile as a small JSON file, written whole and checked when it is read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from paiaa_jax.files import reading, write_json
from paiaa_jax.personalization.profile import Profile

FORMAT = 1


def save(profile: Profile, path: str | Path) -> None:
  """Writes the profile; a UserError names a place where that cannot be done."""
  write_json(path, {"format": FORMAT, **dataclasses.asdict(profile)})


def load(path: str | Path) -> Profile:
  """Reads what `save` wrote.

  Raises:
    UserError: no such file, or one that is no profile; says why.
  """
  broken = (KeyError, TypeError, ValueError, AttributeError)
  with reading(path, "a profile", *broken, make="`paiaa personalize` writes one"):
    fields = json.loads(Path(path).read_text(encoding="utf-8"))
    if fields.pop("format") != FORMAT:
      raise ValueError(f"another format than {FORMAT}")
    profile = Profile(**{name: _tuples(value) for name, value in fields.items()})
    d = len(profile.aux_names) + 1
    numbers = np.asarray(
      [*profile.weights, profile.intercept, profile.noise, profile.freedom], float
    )
    if np.shape(profile.covariance) != (d, d) or numbers.shape != (d + 2,):
      raise ValueError("sizes that disagree")
    if not (np.isfinite(numbers).all() and np.isfinite(profile.covariance).all()):
      raise ValueError("a number that is not finite")
  return profile


def _tuples(value: Any) -> Any:
  return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
