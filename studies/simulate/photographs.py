"""Real photographs -> a few hundred distinct ones, by crops and photographic edits.

The sources ship inside scikit-image and scikit-learn; nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
import io
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from paiaa_jax import rng
from paiaa_jax.cores import count_cores
from paiaa_jax.data import images
from paiaa_jax.errors import UserError

SIDE = 224  # pixels, the longer side
JPEG_QUALITY = 90
PACKAGED = {
  "astronaut": ("skimage", "data/astronaut.png"),
  "chelsea": ("skimage", "data/chelsea.png"),
  "coffee": ("skimage", "data/coffee.png"),
  "rocket": ("skimage", "data/rocket.jpg"),
  "motorcycle": ("skimage", "data/motorcycle_left.png"),
  "china": ("sklearn", "datasets/images/china.jpg"),
  "flower": ("sklearn", "datasets/images/flower.jpg"),
}
PACKAGED_TEST = ("coffee", "china", "rocket")
FEWEST_SOURCES = 6
SMALLEST_SOURCE = 64  # pixels, the shorter side; a crop of less shows nothing


class Photograph(NamedTuple):
  """One derived photograph.

  Attributes:
    source: name of the photograph it was made from.
    jpeg: its file.
    tilt: degrees it was turned by; what composition suffers from, with `off_centre`.
    off_centre: 0..1, distance of the crop's centre from the source's.
  """

  source: str
  jpeg: bytes
  tilt: float
  off_centre: float


def find_sources(folder: Path | None) -> tuple[dict[str, Path], dict[str, Path]]:
  """(for training, for testing): name -> file. Of a user's own folder, every third is for testing.

  Raises:
    UserError: the folder, or a package's photograph, is not there, or the folder holds fewer than
      FEWEST_SOURCES photographs.
  """
  if folder is None:
    files = {name: _packaged(package, file) for name, (package, file) in PACKAGED.items()}
    test = set(PACKAGED_TEST)
  else:
    if not folder.is_dir():
      raise UserError(f"{folder}: no such folder of photographs.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in images.SUFFIXES)
    if len(found) < FEWEST_SOURCES:
      raise UserError(
        f"{folder} holds {len(found)} photographs; at least {FEWEST_SOURCES} are needed "
        f"({', '.join(images.SUFFIXES)})."
      )
    files = {path.name: path for path in found}
    test = set(list(files)[::3])
  return (
    {name: path for name, path in files.items() if name not in test},
    {name: path for name, path in files.items() if name in test},
  )


def derive(sources: dict[str, Path], count: int, seed: int) -> list[Photograph]:
  """`count` photographs, dealt evenly over the sources, source by source.

  Each has a random stream of its own, so that their number and the threads' order change nothing.

  Raises:
    UserError: a source that does not decode or is too small.
  """
  made = []
  with ThreadPoolExecutor(count_cores()) as pool:  # Pillow and numpy leave the interpreter free
    for first, (name, path) in enumerate(sources.items()):
      source = _open(path)
      streams = (
        rng.generator(seed, f"simulate/{name}", i)
        for i in range(len(range(first, count, len(sources))))
      )
      made += pool.map(partial(_edit, source, name), streams)
  return made


def _open(path: Path) -> Image.Image:
  source = images.load(path)
  if min(source.size) < SMALLEST_SOURCE:
    raise UserError(
      f"{path}: {source.width} x {source.height} pixels; "
      f"at least {SMALLEST_SOURCE} a side are needed."
    )
  source.thumbnail((4 * SIDE, 4 * SIDE))
  return source


def _edit(source: Image.Image, name: str, random: np.random.Generator) -> Photograph:
  """A crop, turned and developed at random."""
  tilt = random.normal(0, 7) if random.random() < 0.4 else 0.0
  image = source.rotate(tilt, Image.Resampling.BICUBIC) if tilt else source
  crop, off_centre = _crop(image, random)
  crop.thumbnail((SIDE, SIDE))
  crop = ImageEnhance.Color(crop).enhance(float(np.exp(random.uniform(-1.6, 0.7))))
  crop = ImageEnhance.Contrast(crop).enhance(float(np.exp(random.uniform(-0.8, 0.5))))
  crop = _develop(crop, random)
  if random.random() < 0.5:
    crop = crop.filter(ImageFilter.GaussianBlur(float(random.uniform(0.5, 4.0))))
  file = io.BytesIO()
  crop.save(file, "JPEG", quality=JPEG_QUALITY)
  return Photograph(name, file.getvalue(), tilt, off_centre)


def _crop(image: Image.Image, random: np.random.Generator) -> tuple[Image.Image, float]:
  """A rectangle of 50 to 90 % of each side, anywhere."""
  width, height = (round(side * random.uniform(0.5, 0.9)) for side in image.size)
  room = np.array([image.width - width, image.height - height])
  corner = (random.uniform(size=2) * room).astype(int)
  off_centre = float(np.linalg.norm(corner / np.maximum(room, 1) - 0.5) / np.sqrt(0.5))
  left, top = map(int, corner)
  return image.crop((left, top, left + width, top + height)), off_centre


def _develop(image: Image.Image, random: np.random.Generator) -> Image.Image:
  """Exposure (stops), white balance (blue to amber) and, now and then, sensor noise."""
  pixels = np.asarray(image, np.float32) / 255
  warmth = random.uniform(-0.3, 0.3)
  gain = 2.0 ** random.uniform(-1.2, 0.9)
  pixels = pixels * np.array([1 + warmth, 1, 1 - warmth], np.float32) * np.float32(gain)
  if random.random() < 0.3:
    pixels = pixels + random.normal(0, random.uniform(0.01, 0.08), pixels.shape).astype(np.float32)
  return Image.fromarray((np.clip(pixels, 0, 1) * 255).round().astype(np.uint8))


def _packaged(package: str, file: str) -> Path:
  spec = importlib.util.find_spec(package)
  path = Path(spec.origin).parent / file if spec and spec.origin else None
  if path is None or not path.is_file():
    raise UserError(f"{package} is not installed or lacks {file}: pip install -r requirements.txt")
  return path
