"""A ranking as one HTML page of pictures: nothing beside it, nothing fetched, ready to be kept."""

from __future__ import annotations

import base64
import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.files import write_text
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
  import jinja2

  profile = found.profile
  best = found.photographs.take(slice(shown))
  half = profile.half_width(best)
  ranks = profile.rank_intervals(found.photographs, np.arange(len(half)))
  low, high = profile.scale
  digits = 2 if high - low < 20 else 1
  text = (Path(__file__).parent / "sheet.html").read_text(encoding="utf-8")
  page = (
    jinja2.Environment(autoescape=True)
    .from_string(text)
    .render(
      cards=[
        _card(row, f"{width:.{digits}f}", rank, digits)
        for row, width, rank in zip(found.rows[:shown], half, ranks.tolist(), strict=True)
      ],
      count=len(found.rows),
      low=f"{low:g}",
      high=f"{high:g}",
      better=profile.better,
      advice=advice,
      model_id=profile.model_id,
      trained_on=trained_on,
    )
  )
  write_text(out, page)


def _card(row: Row, half: str, rank: list[int], digits: int) -> dict[str, Any]:
  first, last = rank
  return {
    "path": row["path"],
    "link": path_of(row["path"]).absolute().as_uri(),
    "picture": _picture(path_of(row["path"])),
    "score": f"{row['personal_score']:.{digits}f}",
    "half": half,
    "rank": f"between {first} and {last}" if last > first else f"{first}",
    "people": f"{row['aesthetic_score']:.{digits}f}",
    "percentile": f"{row['percentile']:.1f}",
    "burst_place": row["burst_place"],
  }


def _picture(path: Path) -> str:
  """A small upright JPEG without metadata, in base64; empty where the file cannot be read."""
  with suppress(UserError):
    image = images.load(path, min_side=PICTURE)
    image.thumbnail((PICTURE, PICTURE))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=QUALITY)
    return base64.b64encode(encoded.getvalue()).decode()
  return ""
