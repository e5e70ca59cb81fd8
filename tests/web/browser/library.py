"""Forty small photographs in two folders, three of them takes of one burst."""

from pathlib import Path

import numpy as np
from PIL import Image

A_FOLDER = 20
BURST = 3
SIZE = (160, 120)


def save_library(root: Path) -> Path:
  """Writes coast/00.jpg .. 19.jpg and wood/00.jpg .. 19.jpg; the last of wood are the burst."""
  random = np.random.default_rng(5)
  for folder in ("coast", "wood"):
    (root / folder).mkdir(parents=True)
    for i in range(A_FOLDER):
      if not (folder == "wood" and i > A_FOLDER - BURST):
        colours = random.integers(0, 256, (3, 4, 3), np.uint8)
      picture = Image.fromarray(colours).resize(SIZE, Image.Resampling.BICUBIC)
      _save(picture, root / folder / f"{i:02d}.jpg", f"2026:05:04 10:{i:02d}:00")
  for i in range(A_FOLDER - BURST, A_FOLDER):  # a second apart, of other sharpness
    picture = Image.open(root / "wood" / f"{i:02d}.jpg")
    _save(picture, root / "wood" / f"{i:02d}.jpg", f"2026:05:04 11:00:{i:02d}", quality=60 + i)
  return root


def _save(picture: Image.Image, path: Path, taken: str, quality: int = 90) -> None:
  exif = Image.Exif()
  exif.get_ifd(0x8769).update({0x9003: taken, 0x829A: 1 / 250, 0x829D: 2.8})
  exif[0x0110] = "Camera of the tests"
  picture.save(path, exif=exif, quality=quality)
