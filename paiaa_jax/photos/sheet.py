"""The best of a library as one HTML page of pictures: nothing beside it, nothing fetched."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paiaa_jax import look
from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.files import write_text
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos.names import path_of
from paiaa_jax.photos.table import Row

if TYPE_CHECKING:
  from paiaa_jax.photos.rank import Ranking

PICTURE = 480  # pixels of the longer side
QUALITY = 80


def write(found: Ranking, shown: int, advice: str, trained_on: str, out: Path) -> None:
  """Writes the page, whole or not at all; a picture that is gone leaves its place empty.

  Args:
    found: the library in order.
    shown: how many of it, best first.
    advice: what is said where the profile is not better than the generic score.
    trained_on: whose ratings the model learned, or "".
    out: an .html file.

  Raises:
    UserError: a place that cannot be written.
  """
  profile, count = found.profile, len(found.photographs.generic)
  half = profile.half_width(found.photographs.take(slice(shown)))
  ranks = profile.rank_intervals(found.photographs, np.arange(len(half)))
  low, high = profile.scale
  digits = 2 if high - low < 20 else 1
  cards = []
  for row, width, (first, last) in zip(found.rows[:shown], half, ranks.tolist(), strict=True):
    place = f"between {first} and {last}" if last > first else f"{first}"
    more = f"place {place} of {count}; people in general {row['aesthetic_score']:.{digits}f}"
    if row["burst_place"] > 1:
      more += f"; take no. {row['burst_place']} of its burst"
    score = f"{row['personal_score']:.{digits}f} ± {width:.{digits}f}"
    cards.append(_card(row["path"], score, more))
  words = (
    f"Scores from {low:g} to {high:g}. The score itself, and its place among the {count}, lie in "
    "the intervals nine times in ten."
  )
  words += "" if profile.better else f" {advice[:1].upper()}{advice[1:]}."
  _render(f"Your {len(cards)} best of {count}", words, cards, profile.model_id, trained_on, out)


def write_scores(rows: Sequence[Row], shown: int, model: ModelFolder, out: Path) -> None:
  """The page by the score of people in general, whole or not at all.

  Args:
    rows: scored photographs, best first.
    shown: how many of them.
    model: that scored them.
    out: an .html file; a UserError where it cannot be written.
  """
  low, high = model.score_values[0], model.score_values[-1]
  digits = 2 if high - low < 20 else 1
  cards = [
    _card(
      row["path"],
      f"{row['aesthetic_score']:.{digits}f}",
      f"people differ by ± {row['score_std']:.{digits}f}",
    )
    for row in rows[:shown]
  ]
  words = f"Mean scores from {low:g} to {high:g} that people in general would give."
  title = f"The {len(cards)} best of {len(rows)}"
  _render(title, words, cards, model.model_id, model.trained_on, out)


def write_chosen(paths: Sequence[str], table: Path, model: ModelFolder, out: Path) -> None:
  """The page of photographs to rate, in the order of `table`, without a score; whole or not at all.

  UserError where `out`, an .html file, cannot be written.
  """
  cards = [_card(path, "", f"row {row} of {table.name}") for row, path in enumerate(paths, start=2)]
  words = f"Rate each in the column rating of {table.name}, before you look at any score."
  title = f"{len(cards)} photographs to rate"
  _render(title, words, cards, model.model_id, model.trained_on, out)


def _card(path: str, score: str, more: str) -> dict[str, str]:
  file = path_of(path)
  link = file.absolute().as_uri()
  return {"path": path, "link": link, "picture": _picture(file), "score": score, "more": more}


def _render(
  title: str, words: str, cards: list[dict[str, str]], model_id: str, trained_on: str, out: Path
) -> None:
  import jinja2
  from markupsafe import Markup

  text = (Path(__file__).parent / "sheet.html").read_text(encoding="utf-8")
  page = jinja2.Environment(autoescape=True).from_string(text)
  facts = {"model_id": model_id, "trained_on": trained_on, "style": Markup(look.stylesheet())}
  write_text(out, page.render(title=title, words=words, cards=cards, **facts))


def _picture(path: Path) -> str:
  """A small upright JPEG without metadata, in base64; empty where the file cannot be read."""
  with suppress(UserError):
    image = images.load(path, min_side=PICTURE)
    image.thumbnail((PICTURE, PICTURE))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=QUALITY)
    return base64.b64encode(encoded.getvalue()).decode()
  return ""
