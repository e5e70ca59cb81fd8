"""Personality-assisted image aesthetics: how beautiful photographs are to people, and to one.

import paiaa_jax
model = paiaa_jax.load("runs/quickstart/model")
model.score(["photo.jpg"]).score
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["load"]


def __getattr__(name: str) -> Any:
  """`load` comes with jax, so it is imported when it is asked for (PEP 562)."""
  if name == "load":
    from paiaa_jax.photos.api import load

    return load
  raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
