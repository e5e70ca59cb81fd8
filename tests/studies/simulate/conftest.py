"""One simulation of packaged photographs, and three of small ones that take a second each."""

import numpy as np
import pytest
from PIL import Image

from studies import simulate


@pytest.fixture(scope="session")
def packaged(tmp_path_factory):
  """What the quickstart starts from."""
  out = tmp_path_factory.mktemp("simulated") / "packaged"
  simulate.write(out)
  return out


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
  """Six small photographs: smooth colours with some texture on them."""
  folder = tmp_path_factory.mktemp("photos")
  random = np.random.default_rng(0)
  for number in range(6):
    coarse = Image.fromarray(random.integers(0, 256, (4, 5, 3), np.uint8)).resize((100, 80))
    pixels = np.asarray(coarse) * random.uniform(0.7, 1, (80, 100, 1))
    Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
  return folder


@pytest.fixture(scope="session")
def small(photos, tmp_path_factory):
  """small(**options) -> the folder of a simulation over `photos`, made once for given options."""
  made = {}

  def simulated(**options):
    name = "-".join(f"{key}={value}" for key, value in sorted(options.items())) or "plain"
    if name not in made:
      made[name] = tmp_path_factory.mktemp("simulated") / name
      simulate.write(made[name], photos=photos, **options)
    return made[name]

  return simulated
