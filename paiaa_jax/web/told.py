"""A view of the library as the page reads it: columns, the best, one score taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from paiaa_jax.errors import UserError
from paiaa_jax.photos.explain import FOLLOWING, TASTE, strongest
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.refit import Thought
from paiaa_jax.web.view import View

DIGITS = 3
NO_PROFILE = "There is no profile yet: rate three photographs that are scored."


def scores(view: View) -> dict[str, Any]:
  """Columns [n], NaN where not scored, which JSON writes as null."""
  columns: dict[str, Any] = {
    "generic": view.generic,
    "generic_percentile": view.generic_percentile,
  }
  own = {
    "personal": view.personal,
    "low": view.personal - view.half,
    "high": view.personal + view.half,
    "percentile": view.percentile,
    "stars": view.stars,
  }
  columns |= own if view.profile else dict.fromkeys(own)
  told = {
    name: None if values is None else np.round(values, DIGITS).tolist()
    for name, values in columns.items()
  }
  return {"refit": view.refit, **told}


def best(view: View, thought: Thought, count: int) -> dict[str, Any]:
  """The first places, where each was in the view before, and the places that hold it at 90 %."""
  ranks = thought.ranks if thought.refit == view.refit else {}
  rows = []
  for place, number in enumerate(view.best(count).tolist(), start=1):
    former = 0 if view.former is None else int(view.former[number])
    score, half = float(view.ranking[number]), float(view.half[number])
    low, high = ranks.get(number, (None, None))
    rows.append(
      {
        "id": number,
        "personal": round(score, DIGITS),
        "low": round(score - half, DIGITS),
        "high": round(score + half, DIGITS),
        "moved": former - place if former else None,
        "rank_low": low,
        "rank_high": high,
      }
    )
  return {"refit": view.refit, "by": "personal" if view.profile else "generic", "best": rows}


def explain(view: View, collection: Collection, number: int) -> dict[str, Any]:
  """What a personal score is the sum of: generic, parts and level, exactly.

  Raises:
    UserError: there is no profile yet, or the photograph is not scored.
  """
  if view.profile is None:
    raise UserError(NO_PROFILE)
  place = int(np.searchsorted(view.rows, number))
  if place == len(view.rows) or view.rows[place] != number:
    raise UserError("This photograph is not scored.")
  parts = view.profile.parts(view.photographs.take(slice(place, place + 1)))
  steps = [{"name": FOLLOWING, "value": float(parts.following[0])}]
  steps += [
    {"name": name, "value": float(value)}
    for name, value in zip(view.profile.aux_names, parts.outputs[0], strict=True)
  ]
  taste = parts.taste[0]
  if taste.size:
    steps.append({"name": TASTE, "value": float(taste.sum())})
  return {
    "generic": float(parts.generic[0]),
    "parts": steps,
    "taste": [
      {"id": int(view.learnt_from[i]), "value": float(taste[i])}
      for i in strongest(taste)
      if view.learnt_from[i] >= 0  # else it is of the profile that was started from
    ],
    "level": parts.level,
    "personal": float(parts.personal[0]),
  }
