"""Tables and figures -> one self-contained HTML page, and the tables as csv, json and LaTeX."""

from __future__ import annotations

import base64
import importlib.metadata
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure

from paiaa_jax import files, look
from paiaa_jax.reporting.table import Table

PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "numpy")
INKS = (
  f"svg {{ color: {look.INK}; fill: {look.INK} }} @media (prefers-color-scheme: dark) "
  f"{{ svg {{ color: {look.DARK_INK}; fill: {look.DARK_INK} }} }}"
)


@dataclass(frozen=True)
class Picture:
  """A matplotlib figure with its caption; black is drawn in the page's ink, on the page itself."""

  name: str
  caption: str
  figure: Figure

  def png(self) -> bytes:
    """The figure as a PNG file, on white."""
    return self._saved("png", dpi=110, metadata={"Software": None})

  def svg(self) -> str:
    """The figure as an SVG without a background, dark on a light page and light on a dark one."""
    with rc_context({"svg.hashsalt": self.name}):  # the same figure is the same text
      text = self._saved("svg", transparent=True, metadata={"Date": None}).decode()
    return text.replace("#000000", "currentColor").replace("</style>", f"{INKS}</style>", 1)

  @property
  def width(self) -> int:
    """Of the figure in a page, in pixels, where there is room."""
    return round(96 * self.figure.get_figwidth())

  @property
  def data_url(self) -> str:
    """The SVG as text, for the `src` of an <img>."""
    return "data:image/svg+xml;base64," + base64.b64encode(self.svg().encode()).decode()

  def _saved(self, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    self.figure.savefig(buffer, format=form, bbox_inches="tight", **options)
    return buffer.getvalue()


@dataclass
class Section:
  """A heading, what a reader should know, and what there is to see."""

  title: str
  text: str = ""
  tables: list[Table] = field(default_factory=list)
  pictures: list[Picture] = field(default_factory=list)


def versions() -> str:
  """Of the packages that a figure depends on."""
  return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def write(
  folder: Path,
  title: str,
  lead: str,
  sections: list[Section],
  facts: dict[str, str],
  opening: Picture | None = None,
) -> Path:
  """Writes <folder>/report.html and <folder>/tables/*; returns the page's path.

  Args:
    folder: an existing or new folder; files of the same names are replaced.
    title: of the page.
    lead: what the run was, in two or three sentences.
    sections: in reading order.
    facts: name -> value, printed at the end (seed, versions, commands).
    opening: the picture right below the lead, before everything else.
  """
  for section in sections:
    for table in section.tables:
      table.write(folder / "tables")
  shown = [picture for section in sections for picture in section.pictures]
  for picture in [opening, *shown] if opening else shown:
    with files.atomic_write(folder / "figures" / f"{picture.name}.png") as draft:
      draft.write_bytes(picture.png())
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader("paiaa_jax.reporting", "."), autoescape=True
  )
  page = environment.get_template("page.html").render(
    title=title,
    lead=lead,
    opening=opening,
    sections=sections,
    facts=facts,
    style=Markup(look.stylesheet()),
  )
  path = folder / "report.html"
  files.write_text(path, page)
  return path
