"""Views of folds: the people of the loader's folds, and the images of the one packed folder."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from paiaa_jax.data import folds, prepare, records
from paiaa_jax.data.databases import psychoflickr
from paiaa_jax.data.databases.database import SPLITS
from paiaa_jax.errors import UserError

FOLDS = 4
OPTIONS = dict(folds=FOLDS, validation=0.2, seed=3)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
  """(distributor's folder, prepared folder): 12 people, two images each of a shade of their own."""
  source = tmp_path_factory.mktemp("psychoflickr")
  lines = ["image O C E A N"]
  for user in range(12):
    for image in range(2):
      path = source / "images" / f"u{user}" / f"{image}.png"
      path.parent.mkdir(parents=True, exist_ok=True)
      Image.new("RGB", (8, 8), (10 * user, 100 * image, 0)).save(path)
      lines.append(f"u{user}/{image}.png {user % 5 - 2} -4 4 0 1.5")
  (source / "attributed.txt").write_text("\n".join(lines))
  prepare.prepare(psychoflickr.load(source), source, source / "out", shorter_side=0, workers=1)
  return source, source / "out" / "psychoflickr"


@pytest.mark.parametrize("fold", range(FOLDS))
def test_a_view_has_the_splits_of_the_loaders_fold(packed, fold):
  source, prepared = packed
  view = folds.write_view(prepared, fold, **OPTIONS)
  loaded = psychoflickr.load(source, fold=fold, **OPTIONS).images
  for split in SPLITS:
    names = loaded.filter(pl.col("split") == split)["path"].to_list()
    assert sorted(records.open_split(view, split).names) == sorted(names)
  counts = dict(loaded["split"].value_counts().iter_rows())
  assert records.read_manifest(view)["images"] == counts


def test_a_row_of_a_view_is_the_image_and_the_labels_of_its_name(packed):
  source, prepared = packed
  view = folds.write_view(prepared, 1, **OPTIONS)
  for split in SPLITS:
    rows = records.open_split(view, split)
    for row, name in enumerate(rows.names):
      record, user = rows[row], int(name.partition("/")[0][1:])
      assert record["image"] == (source / "images" / name).read_bytes()
      np.testing.assert_allclose(record["aux"][0], (user % 5 - 2) / 4)


def test_a_view_can_be_moved_with_its_folder_and_is_written_anew(packed, tmp_path):
  _, prepared = packed
  folds.write_view(prepared, 0, **OPTIONS)
  moved = prepared.parent.rename(tmp_path / "elsewhere")
  view = folds.view_path(moved / "psychoflickr", 0)
  assert records.open_split(view, "test")[0]["image"]
  again = folds.write_view(moved / "psychoflickr", 0, **OPTIONS)
  assert again == view and not view.with_name(view.name + ".partial").exists()
  moved.rename(prepared.parent)


def test_a_database_without_people_is_refused(packed, tmp_path):
  with pytest.raises(UserError, match=r"manifest\.json is missing; prepare it: python -m launch"):
    folds.write_view(tmp_path, 0, FOLDS)
  (tmp_path / "manifest.json").write_text("{}")
  with pytest.raises(UserError, match="no traits by person"):
    folds.write_view(tmp_path, 0, FOLDS)
