"""Tables and figures -> one self-contained HTML page, and the tables as csv, json and LaTeX."""

from __future__ import annotations

import base64
import importlib.metadata
import io
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from paiaa_jax import files, look
from paiaa_jax.reporting.table import Table

PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "numpy")


@dataclass(frozen=True)
class Picture:
  """A matplotlib figure with its caption; embedded in the page as PNG."""

  name: str
  caption: str
  figure: Figure

  def png(self) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    self.figure.savefig(
      buffer, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None}
    )
    return buffer.getvalue()

  @property
  def data_url(self) -> str:
    """The PNG as text, for the `src` of an <img>."""
    return "data:image/png;base64," + base64.b64encode(self.png()).decode()


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
  folder: Path, title: str, lead: str, sections: list[Section], facts: dict[str, str]
) -> Path:
  """Writes <folder>/report.html and <folder>/tables/*; returns the page's path.

  Args:
    folder: an existing or new folder; files of the same names are replaced.
    title: of the page.
    lead: what the run was, in two or three sentences.
    sections: in reading order.
    facts: name -> value, printed at the end (seed, versions, commands).
  """
  for section in sections:
    for table in section.tables:
      table.write(folder / "tables")
    for picture in section.pictures:
      with files.atomic_write(folder / "figures" / f"{picture.name}.png") as draft:
        draft.write_bytes(picture.png())
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader("paiaa_jax.reporting", "."), autoescape=True
  )
  page = environment.get_template("page.html").render(
    title=title, lead=lead, sections=sections, facts=facts, style=Markup(look.stylesheet())
  )
  path = folder / "report.html"
  files.write_text(path, page)
  return path
