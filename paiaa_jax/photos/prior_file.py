"""What other users tell of one more, beside a model: MODEL/taste.json, checked when it is read.

The fields are those of personalization.posterior.TastePrior, and the words `learned_from`. A folder
without the file is a model of which no other users are known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from paiaa_jax.files import reading
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.posterior import TastePrior, broad_prior

NAME = "taste.json"
MOST = 1e6  # no number of a prior or a profile is larger


class Fields(msgspec.Struct, forbid_unknown_fields=True):
  """A TastePrior as JSON's kinds."""

  mean: list[float]
  covariance: list[list[float]]
  centre: list[float]
  width: float | None
  log_taste: tuple[float, float]
  log_noise: tuple[float, float]
  learned_from: str = ""


def of_model(model: ModelFolder) -> TastePrior | None:
  """The prior in the model's folder, its kernel's width if coordinates are the model's own.

  UserError for a file that is none, or of another model.
  """
  path = Path(model.folder) / NAME
  if not path.exists():
    return None
  with reading(path, "a prior of users", msgspec.MsgspecError, ValueError):
    prior = to_prior(msgspec.json.decode(path.read_bytes(), type=Fields))
    if len(prior.mean) != 2 + len(model.aux_names):
      raise ValueError(f"sizes of another model than one of {len(model.aux_names)} outputs")
  return prior if model.own_coordinates else prior._replace(width=None)


def of_model_or_broad(model: ModelFolder) -> TastePrior:
  """The prior in the model's folder, or that little is known of users."""
  return of_model(model) or broad_prior(model.score_values, len(model.aux_names))


def to_json(prior: TastePrior) -> dict[str, Any]:
  """The prior as JSON's kinds."""
  fields = prior._asdict()
  return {
    name: value.tolist() if isinstance(value, np.ndarray) else value
    for name, value in fields.items()
  }


def to_prior(fields: Fields) -> TastePrior:
  """The prior; ValueError for sizes or numbers that cannot be."""
  prior = TastePrior(
    mean=bounded(fields.mean, "mean"),
    covariance=bounded(fields.covariance, "covariance"),
    centre=bounded(fields.centre, "centre"),
    width=fields.width,
    log_taste=fields.log_taste,
    log_noise=fields.log_noise,
  )
  d = len(prior.mean)
  if d < 2 or prior.covariance.shape != (d, d) or len(prior.centre) != d - 1:
    raise ValueError("a prior whose sizes disagree")
  values = np.linalg.eigvalsh(prior.covariance)
  if not np.allclose(prior.covariance, prior.covariance.T) or values[0] < -1e-6:
    raise ValueError("a prior whose covariance is none")
  if prior.width is not None and not 0 < prior.width < MOST:
    raise ValueError("a kernel width that is none")
  for name in ("log_taste", "log_noise"):
    mean, deviation = getattr(prior, name)
    if not (abs(mean) < 20 and 0 < deviation < 5):
      raise ValueError(f"{name} out of range")
  return prior


def bounded(numbers: Any, name: str) -> np.ndarray:
  """As an array; ValueError for a number that is not finite, or beyond MOST."""
  values = np.asarray(numbers)
  wide = values.astype(np.float64)
  if not np.all(np.abs(wide) < MOST):  # NaN is not below it either
    raise ValueError(f"{name}: a number that is not finite, or beyond {MOST:g}")
  return values if values.dtype == np.float16 else wide
