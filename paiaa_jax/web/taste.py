"""What was learnt, in words and figures; made when nobody presses a key, and kept until then."""

from __future__ import annotations

from typing import Any

import numpy as np

from paiaa_jax.personalization.left_out import FEWEST
from paiaa_jax.photos.names import counted
from paiaa_jax.web.verdict import FIRST, Judgement
from paiaa_jax.web.view import View

DIGITS = 3
SHOWN = 6  # photographs that were liked, and disliked, most tellingly
MILESTONES = (10, 20, 40, 80)
ASKED = "better than the general score"
WORDS = {"better": "yes", "worse": "no"}


def told(view: View, judgements: list[Judgement], ratings: int) -> dict[str, Any]:
  """What the page says of a taste."""
  last = judgements[-1] if judgements else None
  verdict = WORDS.get(last.worth.verdict, "not clear yet") if last else "not clear yet"
  coming = FIRST
  while coming <= ratings:
    coming *= 2
  return {
    "refit": view.refit,
    "ratings": ratings,
    "verdict": verdict,
    "sentence": f"{ASKED}: {verdict} ({_why(last, coming)})",
    "curve": [_point(one) for one in judgements],
    "outputs": _outputs(view),
    "likes": _pulls(view, 1),
    "dislikes": _pulls(view, -1),
    "judged_at": list(MILESTONES),
    "next": coming,
  }


def _why(last: Judgement | None, coming: int) -> str:
  if last is None:
    return f"it is judged at {coming} ratings"
  count = counted(last.worth.photographs, "photograph")
  if last.worth.photographs < FEWEST:
    return f"{count} shown at random by then; it takes {FEWEST}. Judged next at {coming} ratings"
  low, high = last.worth.difference
  return (
    f"at {last.ratings} ratings, on {count} shown at random and left out: SROCC differs by "
    f"{low:+.2f} to {high:+.2f} (60 % interval). Judged next at {coming} ratings"
  )


def _point(one: Judgement) -> dict[str, Any]:
  personal, generic = (
    None if value is None else round(value, DIGITS)
    for value in (one.worth.srcc_personal, one.worth.srcc_generic)
  )
  low, high = one.worth.difference
  return {
    "ratings": one.ratings,
    "personal": personal,
    "generic": generic,
    "low": round(low, DIGITS),
    "high": round(high, DIGITS),
    "photographs": one.worth.photographs,
  }


def _outputs(view: View) -> list[dict[str, Any]]:
  if view.profile is None:
    return []
  pairs = zip(view.profile.aux_names, view.profile.weights, strict=True)
  return [{"name": name, "weight": round(float(weight), DIGITS)} for name, weight in pairs]


def _pulls(view: View, sign: int) -> list[int]:
  """Numbers of the rated photographs whose likeness adds most, or takes most."""
  if view.profile is None:
    return []
  pull = np.where(view.learnt_from >= 0, sign * view.profile.posterior.dual, 0)
  order = np.argsort(-pull, kind="stable")[:SHOWN]
  return [int(view.learnt_from[row]) for row in order if pull[row] > 0]
