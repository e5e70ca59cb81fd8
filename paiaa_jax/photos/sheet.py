"""A ranking as one HTML page of pictures: nothing beside it, nothing fetched, ready to be kept."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.files import write_text
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos.names import path_of
from paiaa_jax.photos.table import Row

PICTURE = 480  # pixels of the longer side
QUALITY = 80


def write(
  rows: Sequence[Row], count: int, profile: Profile, advice: str, trained_on: str, out: Path
) -> None:
  """Writes the page, whole or not at all.

  Args:
    rows: of `rank.COLUMNS`, best first; a picture that is gone leaves its place empty.
    count: photographs of the library.
    profile: whose ranking.
    advice: what is said where the profile is not better than the generic score.
    trained_on: whose ratings the model learned, or "".
    out: an .html file.

  Raises:
    UserError: a place that cannot be written.
  """
  import jinja2

  text = (Path(__file__).parent / "sheet.html").read_text(encoding="utf-8")
  page = (
    jinja2.Environment(autoescape=True)
    .from_string(text)
    .render(
      cards=[_card(row) for row in rows],
      count=count,
      low=f"{profile.scale[0]:g}",
      high=f"{profile.scale[1]:g}",
      better=profile.better,
      advice=advice,
      model_id=profile.model_id,
      trained_on=trained_on,
    )
  )
  write_text(out, page)


def _card(row: Row) -> dict[str, Any]:
  return {
    "path": row["path"],
    "picture": _picture(path_of(row["path"])),
    "score": f"{row['personal_score']:.2f}",
    "half": f"{row['personal_high'] - row['personal_score']:.2f}",
    "people": f"{row['aesthetic_score']:.2f}",
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
