"""A hundred thousand files that nobody meant: each is read, or refused in words."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import model_folder, torch_files
from paiaa_jax.photos import embedded, profile_file, ratings, xmp_edit, xmp_packet
from tests.data.pictures import encoded, photo
from tests.models.weights.test_torch_files import state_dict, write_legacy, write_zip
from tests.photos.packets import packet
from tests.photos.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).with_name("corpus")  # small inputs of all sizes that a guided search kept
EACH = int(os.environ.get("EACH", 12_500))  # files for each of the eight parsers


def exif(stars):
  block = images.Image.Exif()
  block[0x4746], block[0x0112] = stars, 6
  return block.tobytes()


XMP = [
  packet('xmp:Rating="4"'),
  packet("", "<xmp:Rating>4.5</xmp:Rating>"),
  packet("", '<xmp:Rating rdf:parseType="Resource"><rdf:value>4</rdf:value></xmp:Rating>'),
]
PICTURES = [
  encoded(photo(16, 12), "JPEG", exif=exif(4)),
  encoded(photo(16, 12), "PNG"),
  encoded(photo(16, 12), "WEBP"),
  encoded(photo(16, 12), "TIFF"),
  encoded(photo(16, 12), "GIF"),
  encoded(photo(16, 12), "BMP"),
]
TABLES = [
  b"path,rating\na.jpg,4\n",
  b"path;rating\r\na.jpg;4,5\r\n",
  "path\trating\na\t1".encode("utf-16"),
]


@st.composite
def spoilt(draw, seeds):
  """One of the seeds with up to six cuts, repeats and changed bytes, or anything at all."""
  data = bytearray(draw(st.sampled_from(seeds)))
  for _ in range(draw(st.integers(0, 6))):
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    kind = draw(st.sampled_from(["change", "cut", "repeat", "insert"]))
    if kind == "change" and data:
      data[at] = draw(st.integers(0, 255))
    elif kind == "cut":
      del data[at : at + draw(st.integers(1, 64))]
    elif kind == "repeat":
      data[at:at] = data[at : at + draw(st.integers(1, 64))] * draw(st.integers(1, 8))
    else:
      data[at:at] = draw(
        st.sampled_from([b"\0", b"\xff" * 4, b"<", b'"', b"9" * 30, b"nan", b"-1"])
      )
  return bytes(data)


def profile_seeds(tmp_path):
  from paiaa_jax.personalization.learn import learn_profile
  from paiaa_jax.personalization.posterior import Photographs

  rated = Photographs(np.arange(6.0), np.zeros((6, 1)), np.eye(6, 3, dtype=np.float16))
  facts = {"model_id": "m", "aux_names": ("a",), "scale": (0.0, 6.0)}
  profile_file.save(learn_profile(rated, [1, 2, 3, 4, 5, 5], **facts), tmp_path / "seed.json")
  return [(tmp_path / "seed.json").read_bytes()]


def config_seeds(tmp_path):
  return [(save_tiny_model(tmp_path / "seed") / "config.json").read_bytes()]


def weight_seeds(tmp_path):
  storage = np.arange(6, dtype="<f4")
  write_zip(tmp_path / "zip.pth", state_dict(), storage)
  write_legacy(tmp_path / "legacy.pth", state_dict(), storage)
  for name in ("zip", "legacy"):
    torch_files.read(tmp_path / f"{name}.pth")
  return [(tmp_path / f"{name}.pth").read_bytes() for name in ("zip", "legacy")]


def read_config(path):
  """Beside the weights of the model that it was of."""
  folder = path.parent / "seed"
  os.replace(path, folder / "config.json")
  model_folder.read(folder)


def edit(path):
  """Never a packet that says more or less than before but for our two properties."""
  xmp_edit.with_stars(path.read_bytes(), 3, path.name)


PARSERS = {
  "XMP packets": (XMP, lambda path: xmp_packet.parse_rating(path.read_bytes(), path.name)),
  "edits of XMP": (XMP, edit),
  "metadata in image files": (PICTURES, embedded.read_rating),
  "pictures": (PICTURES, lambda path: images.square(path, 16)),
  "tables of ratings": (TABLES, ratings.read_table),
  "profiles": (profile_seeds, profile_file.load),
  "configs of models": (config_seeds, read_config),
  "weights of torch": (weight_seeds, torch_files.read),
}


def seeds_of(name, folder):
  """What a parser reads, of those files that are well."""
  seeds, _ = PARSERS[name]
  return seeds(folder) if callable(seeds) else seeds


def prepared(name, folder):
  """parse(data) -> whether the parser refuses it in words; whatever else it raises is a fault."""
  seeds_of(name, folder)  # some write what they are read beside
  (folder / "a.jpg").write_bytes(PICTURES[0])  # which the tables name
  path = folder / {"pictures": "b.jpg", "tables of ratings": "a.csv"}.get(name, "a.json")

  def parse(data):
    path.write_bytes(data)
    try:
      PARSERS[name][1](path)
    except UserError as error:
      assert "\n" not in str(error).strip()
      return True
    return False

  return parse


@pytest.mark.parametrize("name", PARSERS)
def test_what_a_guided_search_kept_is_read_or_refused_in_words(name, tmp_path):
  parse, kept = prepared(name, tmp_path), sorted((CORPUS / name.replace(" ", "_")).iterdir())
  refused = [parse(file.read_bytes()) for file in kept]
  assert len(refused) > 3 and any(refused)


@pytest.mark.soak
@pytest.mark.parametrize("name", PARSERS)
def test_a_file_that_nobody_meant_is_read_or_refused_in_words(name, tmp_path, tell):
  parse, refused = prepared(name, tmp_path), 0

  @settings(
    max_examples=EACH,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
  )
  @given(spoilt(seeds_of(name, tmp_path)))
  def attempt(data):
    nonlocal refused
    refused += parse(data)

  attempt()
  tell(f"spoilt {name}", EACH, 0, f"{refused} refused")


@pytest.mark.soak
@pytest.mark.parametrize("name", PARSERS)
def test_a_guided_search_finds_no_file_that_is_neither_read_nor_refused(name, tmp_path, tell):
  pytest.importorskip("atheris", reason="`make soak` installs it")
  folder = tmp_path / "corpus"
  shutil.copytree(CORPUS / name.replace(" ", "_"), folder)
  command = [sys.executable, "-m", "tests.soak.guided", name, folder, str(EACH)]
  done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr[-3000:]
  tell(f"guided {name}", EACH, 0, f"{len(list(folder.iterdir()))} kept")
