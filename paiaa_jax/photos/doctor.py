"""One screen that says what this installation has: versions, devices, model, cache, extras."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from paiaa_jax.cores import count_cores
from paiaa_jax.data.images import FORMATS, PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import pretrained
from paiaa_jax.photos.cache import default_path
from paiaa_jax.photos.choose_model import open_model
from paiaa_jax.photos.names import counted

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "polars", "pillow")
EXTRAS = {  # module -> the extra that brings it, and what it is for
  "pillow_heif": ("heic", "HEIC photographs"),
  "huggingface_hub": ("hub", "models from the hub"),
  "ray": ("ray", "scoring on a Ray cluster"),
  "jax2onnx": ("onnx", "export to ONNX"),
}


def report(model: str | None) -> Iterator[tuple[str, str]]:
  """(what, how it stands), line by line; a missing part is a line, never an error."""
  yield "python", f"{platform.python_version()} on {platform.platform()}, {count_cores()} cores"
  yield "paiaa-jax", _version("paiaa-jax")
  yield "libraries", ", ".join(f"{package} {_version(package)}" for package in PACKAGES)
  yield "devices", _devices()
  yield "formats", f"{', '.join(FORMATS)} ({PREPROCESSING})"
  yield "model", _model(model)
  yield "ImageNet weights", _weights()
  yield "score cache", _cache(default_path())
  variable = "JAX_COMPILATION_CACHE_DIR"
  yield "compile cache", os.environ.get(variable, f"off (set {variable} to a folder)")
  for module, (extra, purpose) in EXTRAS.items():
    there = importlib.util.find_spec(module) is not None
    yield purpose, "yes" if there else f"no: pip install 'paiaa-jax[{extra}]'"


def _version(package: str) -> str:
  try:
    return importlib.metadata.version(package)
  except importlib.metadata.PackageNotFoundError:
    return "not installed"


def _devices() -> str:
  try:
    import jax

    devices = jax.devices()
  except Exception as error:  # whatever a driver raises is what this screen is for
    return f"none: {' '.join(str(error).split())}"
  return f"{len(devices)} x {devices[0].device_kind} ({jax.default_backend()})"


def _model(name: str | None) -> str:
  try:
    found = open_model(name)
  except UserError as error:
    return str(error)
  low, high = found.score_values[0], found.score_values[-1]
  what = f"{found.network.get('backbone', '?')}, {found.image_size} px, scores {low:g} to {high:g}"
  return f"{found.folder} ({found.model_id}, {what})"


def _weights() -> str:
  try:
    return str(pretrained.packaged_path("efficientnet_lite0"))
  except UserError as error:
    return str(error)


def _cache(path: Path) -> str:
  if not path.exists():
    return f"{path} (not yet there)"
  try:
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    counts = base.execute("select model, sum(rows) from blocks group by model").fetchall()
    base.close()
  except sqlite3.DatabaseError as error:
    return f"{path} cannot be read ({error}); delete or rename it"
  held = "; ".join(f"{model}: {counted(rows, 'photograph')}" for model, rows in counts) or "empty"
  return f"{path} ({path.stat().st_size / 1e6:.1f} MB; {held})"
