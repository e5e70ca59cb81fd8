"""The distributors' label files, each read into one Database of polars tables.

Every loader takes the distributor's folder and options that are numbers or words, so that a
command line can give them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paiaa_jax.data.databases import (
  ava,
  flickr_aes,
  lapis,
  oasis,
  opened,
  para,
  psychoflickr,
  real_cur,
  table,
  vessel,
  xpass_vis,
)
from paiaa_jax.data.databases.database import Database

__all__ = ["DATABASES", "Database", "load", "options"]

DATABASES: dict[str, Callable[..., Database]] = {
  "ava": ava.load,
  "flickr_aes": flickr_aes.load,
  "psychoflickr": psychoflickr.load,
  "para": para.load,
  "oasis": oasis.load,
  "vessel": vessel.load,
  "lapis": lapis.load,
  "xpass_vis": xpass_vis.load,
  "real_cur": real_cur.load,
  "table": table.load,
}


def load(name: str, source: Path, **options: Any) -> Database:
  """What DATABASES[name] reads, with the label files that it opened."""
  with opened.noting() as label_files:
    database = DATABASES[name](source, **options)
  return database._replace(label_files=tuple(label_files))


def options(name: str) -> dict[str, Any]:
  """Each option that a database's loader takes, with its default, whose type is the option's."""
  if name == "table":
    return table.Options._field_defaults
  _, *parameters = inspect.signature(DATABASES[name]).parameters.values()
  return {parameter.name: parameter.default for parameter in parameters}
