"""A database is packed whole or not at all, whatever its images are and wherever it stopped."""

import hashlib
import json
import subprocess
import sys
import time
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from paiaa_jax.data import databases, images, left_out, prepare, records, shards
from paiaa_jax.data.databases.database import Database
from paiaa_jax.errors import UserError
from paiaa_jax.types import TRAITS


def make_database(folder, rows=9, **fields):
  """`rows` pictures of 30x20 pixels in a folder raw/photos, and labels for most of them."""
  root = folder / "raw" / "photos"
  root.mkdir(parents=True, exist_ok=True)
  names = [f"{row}.jpg" for row in range(rows)]
  for row, name in enumerate(names):
    Image.new("RGB", (30, 20), (20 * row % 256, 90, 160)).save(root / name, quality=95)
  (folder / "raw" / "labels.csv").write_text("image,score\n")
  splits = ["train" if row % 3 else "test" for row in range(rows)]
  counts = [[float(row), 1.0, 2.0] for row in range(1, rows)]
  default = dict(
    name="photos",
    image_root=root,
    images=pl.DataFrame({"path": names, "split": splits}),
    distributions=pl.DataFrame({"path": names[1:], "counts": counts}),
    ratings=pl.DataFrame(
      {"user": ["ann", "bob"], "path": names[:2], "score": [1.0, 3.0], "split": ["train", "test"]}
    ),
    scale=(1.0, 2.0, 3.0),
  )
  return Database(**(default | fields))


def everything_in(folder):
  return {
    path.relative_to(folder).as_posix(): path.read_bytes()
    for path in sorted(folder.rglob("*"))
    if path.is_file()
  }


def test_rows_come_back_in_order_with_their_labels(tmp_path):
  database = make_database(tmp_path)
  prepare.prepare(database, tmp_path / "raw", tmp_path / "out", workers=1)
  source = records.open_split(tmp_path / "out" / "photos", "train")
  assert source.names == ["1.jpg", "2.jpg", "4.jpg", "5.jpg", "7.jpg", "8.jpg"]
  for row, name in enumerate(source.names):
    record, number = source[row], int(name[0])
    assert record["name"] == name
    assert record["image"] == (database.image_root / name).read_bytes()
    expected = np.array([number, 1, 2]) / (number + 3)
    np.testing.assert_allclose(record["distribution"], expected, rtol=1e-6)
    np.testing.assert_array_equal(record["aux"], np.zeros(5))
    assert (record["has_distribution"], record["has_aux"]) == (1, 0)
  unlabelled = records.open_split(tmp_path / "out" / "photos", "test")[0]
  assert unlabelled["name"] == "0.jpg" and unlabelled["has_distribution"] == 0
  np.testing.assert_array_equal(unlabelled["distribution"], np.zeros(3))


def test_images_of_equal_means_are_equal_and_a_mean_of_exactly_two_is_two(tmp_path):
  random = np.random.default_rng(0)
  counts = random.integers(0, 40, (9, 3)) + 1
  counts[4:] = counts[:5] * random.integers(2, 60, (5, 1))  # the same means, of more raters
  counts[1], counts[8] = (7, 30, 7), (123, 456, 123)
  names = [f"{row}.jpg" for row in range(9)]
  table = pl.DataFrame({"path": names, "counts": counts.astype(float).tolist()})
  database = make_database(tmp_path, distributions=table)
  prepare.prepare(database, tmp_path / "raw", tmp_path / "out", workers=1)
  sources = [records.open_split(tmp_path / "out" / "photos", split) for split in ("train", "test")]
  for source in sources:
    own = [[int(c) for c in counts[int(name[0])]] for name in source.names]
    exact = [Fraction(c[0] + 2 * c[1] + 3 * c[2], sum(c)) for c in own]
    assert source.mean_score.tolist() == [float(mean) for mean in exact]
    assert source.raters.tolist() == [sum(c) for c in own]


def test_a_folder_without_kept_means_has_those_of_its_shares(tmp_path):
  prepare.prepare(make_database(tmp_path), tmp_path / "raw", tmp_path / "out", workers=1)
  folder = tmp_path / "out" / "photos"
  expected = records.open_split(folder, "test").mean_score
  index = folder / "index.parquet"
  pl.read_parquet(index).drop("mean_score", "raters").write_parquet(index)
  source = records.open_split(folder, "test")
  np.testing.assert_allclose(source.mean_score, expected, rtol=1e-6)
  assert np.isnan(source.mean_score).sum() == 1 and np.isnan(source.raters).all()


def test_the_records_are_an_ordinary_tfds_dataset(tmp_path):
  prepare.prepare(make_database(tmp_path), tmp_path / "raw", tmp_path / "out", workers=1)
  source = records.open_split(tmp_path / "out" / "photos", "train")
  builder = tfds.builder_from_directory(tmp_path / "out" / "photos" / "images" / records.VERSION)
  opened = builder.as_data_source("train", decoders={"image": tfds.decode.SkipDecoding()})
  assert len(opened) == len(source)
  for row, example in enumerate(opened):
    assert example.pop("name").decode() == source[row]["name"]
    for field, value in example.items():
      np.testing.assert_array_equal(value, source[row][field])


def test_packing_holds_few_images_in_memory(tmp_path):
  names = [f"{row}.jpg" for row in range(300)]
  labels = {"distribution": [[0.0] * 3] * 300, "aux": [[0.0] * 5] * 300}
  index = pl.DataFrame(dict.fromkeys(records.INDEX) | {"path": names, "split": "train"} | labels)
  index = index.with_columns(has_distribution=0.0, has_aux=0.0)
  tracemalloc.start()
  records.write(tmp_path, index, ((name, bytes(2**20)) for name in names), 3, 5)
  _, peak = tracemalloc.get_traced_memory()
  tracemalloc.stop()
  assert peak < 150 * 2**20


def test_traits_without_scores_and_people_who_share_an_image(tmp_path):
  rows = {"user": ["ann", "bob", "bob"], "path": ["1.jpg", "1.jpg", "2.jpg"]}
  traits = pl.DataFrame(rows | {trait: [0.5, -0.1, -0.1] for trait in TRAITS})
  empty = Database("", tmp_path, pl.DataFrame()).distributions
  database = make_database(tmp_path, distributions=empty, traits=traits, scale=())
  prepare.prepare(database, tmp_path / "raw", tmp_path / "out", workers=1)
  source = records.open_split(tmp_path / "out" / "photos", "train")
  assert source[0]["distribution"].shape == (0,) and source[0]["has_distribution"] == 0
  np.testing.assert_allclose(source[0]["aux"], np.full(5, 0.2), rtol=1e-6)
  np.testing.assert_allclose(source[1]["aux"], np.full(5, -0.1), rtol=1e-6)
  assert [source[row]["has_aux"] for row in range(3)] == [1, 1, 0]
  kept = pl.read_parquet(tmp_path / "out" / "photos" / "traits.parquet")
  assert kept.equals(traits)


def test_a_folder_of_an_earlier_version_whose_key_is_image_reads_the_same(tmp_path):
  prepare.prepare(make_database(tmp_path), tmp_path / "raw", tmp_path / "out", workers=1)
  folder = tmp_path / "out" / "photos"
  expected = records.open_split(folder, "train"), records.read_table(folder, "ratings")
  for file in folder.glob("*.parquet"):
    pl.read_parquet(file).rename({"path": "image"}).write_parquet(file)
  source = records.open_split(folder, "train")
  assert source.names == expected[0].names and source[1]["image"] == expected[0][1]["image"]
  assert records.read_table(folder, "ratings").equals(expected[1])


def test_images_are_bounded_in_size_unless_asked_not_to_be(tmp_path):
  database = make_database(tmp_path)
  for shorter_side, expected in ((12, (12, 18)), (0, (20, 30))):
    out = tmp_path / str(shorter_side)
    prepare.prepare(database, tmp_path / "raw", out, shorter_side=shorter_side, workers=1)
    record = records.open_split(out / "photos", "train")[0]
    assert images.decode(record["image"]).shape[:2] == expected


def test_bad_images_are_left_out_with_their_reason(tmp_path):
  database = make_database(tmp_path)
  root = database.image_root
  (root / "1.jpg").unlink()
  (root / "3.jpg").write_bytes(b"<html>404</html>")
  (root / "4.jpg").write_bytes((root / "4.jpg").read_bytes()[:-60])
  manifest, gaps = prepare.prepare(
    database, tmp_path / "raw", tmp_path / "out", workers=1, allow_missing=True
  )
  reasons = dict(gaps.select("path", "reason").iter_rows())
  assert list(reasons) == ["1.jpg", "4.jpg", "3.jpg"] and reasons["1.jpg"] == "missing"
  assert "not an image" in reasons["3.jpg"] and "runcated" in reasons["4.jpg"]
  assert manifest["images"] == {"train": 4, "test": 2}
  folder = tmp_path / "out" / "photos"
  assert records.open_split(folder, "train").names == ["2.jpg", "5.jpg", "7.jpg", "8.jpg"]
  assert json.loads((folder / "manifest.json").read_text()) == manifest
  assert manifest["left_out"] == 3
  assert pl.read_csv(folder / "left_out.csv").equals(gaps)


def test_a_split_whose_images_are_all_gone_is_empty(tmp_path):
  database = make_database(tmp_path, rows=3)
  (database.image_root / "0.jpg").unlink()
  prepare.prepare(database, tmp_path / "raw", tmp_path / "out", workers=1, allow_missing=True)
  assert len(records.open_split(tmp_path / "out" / "photos", "test")) == 0
  assert len(records.open_split(tmp_path / "out" / "photos", "train")) == 2


def test_no_readable_image_at_all_is_an_error_that_shows_where_it_looked(tmp_path):
  database = make_database(tmp_path)._replace(image_root=tmp_path / "elsewhere")
  with pytest.raises(UserError, match=r"not one of 9 images .*elsewhere/1\.jpg: missing"):
    prepare.prepare(database, tmp_path / "raw", tmp_path / "out", workers=1)
  assert not (tmp_path / "out" / "photos").exists()


def test_verifying_says_the_same_and_writes_nothing(tmp_path):
  database, options = make_database(tmp_path), dict(workers=1, allow_missing=True)
  (database.image_root / "5.jpg").write_bytes(b"")
  before = everything_in(tmp_path)
  verified = prepare.verify(database, tmp_path / "raw", **options)
  assert everything_in(tmp_path) == before
  prepared = prepare.prepare(database, tmp_path / "raw", tmp_path / "out", **options)
  assert verified.manifest == prepared.manifest and verified.left_out.equals(prepared.left_out)


def test_the_label_files_that_were_read_are_known_by_their_hash(tmp_path):
  folder = tmp_path / "raw"
  read, beside = (make_database(tmp_path).image_root.parent / n for n in ("labels.csv", "big.gz"))
  read.write_text("path,score\n" + "".join(f"photos/{row}.jpg,{row % 5 + 1}\n" for row in range(9)))
  beside.write_bytes(b"an archive that nobody opens")
  database = databases.load("table", read)
  assert database.label_files == (read,)
  manifest = prepare.verify(database, folder, workers=1).manifest
  assert manifest["label_files"] == {"labels.csv": hashlib.sha256(read.read_bytes()).hexdigest()}


def test_a_copy_that_lacks_more_than_a_hundredth_is_refused_and_its_gaps_are_listed(tmp_path):
  database, raw, out = make_database(tmp_path, rows=200), tmp_path / "raw", tmp_path / "out"
  images = {f"{row}.jpg": (database.image_root / f"{row}.jpg").read_bytes() for row in range(3)}
  for name in images:
    (database.image_root / name).unlink()
  told = "3 of 200 images cannot be packed, more than 1%; the first is 1.jpg .missing."
  for act in (lambda: prepare.verify(database, raw), lambda: prepare.prepare(database, raw, out)):
    with pytest.raises(UserError, match=told):
      act()
  listed = pl.read_csv(out / "photos.partial" / "left_out.csv")
  assert set(listed["path"]) == set(images) and not (out / "photos").exists()
  (database.image_root / "2.jpg").write_bytes(images["2.jpg"])
  prepared = prepare.prepare(database, raw, out)
  assert sum(prepared.manifest["images"].values()) == 198
  assert "198 images (train 132, test 66), 2 left out\n  2 missing" in prepare.describe(prepared)


def test_a_folder_with_gaps_is_not_called_prepared_for_ever(tmp_path):
  database, raw, out = make_database(tmp_path), tmp_path / "raw", tmp_path / "out"
  image = (database.image_root / "1.jpg").read_bytes()
  (database.image_root / "1.jpg").write_bytes(image[:99])
  options = dict(workers=1, allow_missing=True)
  prepared = prepare.prepare(database, raw, out, **options)
  again = prepare.prepare(database, raw, out, **options)
  assert again.manifest == prepared.manifest and again.left_out.equals(prepared.left_out)
  with pytest.raises(UserError, match="more than 1%"):
    prepare.prepare(database, raw, out, workers=1)
  (database.image_root / "1.jpg").write_bytes(image)
  with pytest.raises(
    UserError, match=r"lacks 1 of the images that can be read now, such as 1\.jpg"
  ):
    prepare.prepare(database, raw, out, **options)


def test_gaps_that_an_earlier_version_kept_in_the_manifest_are_read(tmp_path):
  listed = [{"path": "1.jpg", "split": "train", "reason": "missing"}]
  assert left_out.read(tmp_path, {"left_out": listed}).rows() == [("1.jpg", "train", "missing")]


def test_records_that_are_not_those_of_the_index_are_refused(tmp_path):
  prepare.prepare(make_database(tmp_path), tmp_path / "raw", tmp_path / "out", workers=1)
  folder = tmp_path / "out" / "photos"
  index = pl.read_parquet(folder / "index.parquet")
  index.head(8).write_parquet(folder / "index.parquet")
  with pytest.raises(UserError, match=r"holds 9 images where the index .* has 8"):
    records.open_split(folder, "train")
  paths = index["path"].to_list()
  paths[0], paths[1] = paths[1], paths[0]
  index.with_columns(path=pl.Series(paths)).write_parquet(folder / "index.parquet")
  source = records.open_split(folder, "train")
  assert source[2]["name"] == paths[2]
  with pytest.raises(UserError, match=f"says {paths[0]} where the records hold {paths[1]}"):
    source[0]


def test_a_name_that_leads_elsewhere_is_refused(tmp_path):
  for name in ("../photos", "..", "a/b", "", "/photos"):
    database = make_database(tmp_path, name=name)
    with pytest.raises(UserError, match="cannot name a folder"):
      prepare.prepare(database, tmp_path / "raw", tmp_path / "out", workers=1)


def test_preparing_again_does_nothing_and_other_labels_are_refused(tmp_path):
  database, out = make_database(tmp_path), tmp_path / "out"
  manifest = prepare.prepare(database, tmp_path / "raw", out, workers=1).manifest
  before = everything_in(out)
  assert prepare.prepare(database, tmp_path / "raw", out, workers=1).manifest == manifest
  assert everything_in(out) == before
  other = database._replace(distributions=database.distributions.head(3))
  for changed, options in ((other, {}), (database, {"shorter_side": 99})):
    with pytest.raises(UserError, match="choose another --out"):
      prepare.prepare(changed, tmp_path / "raw", out, workers=1, **options)


def test_stopped_in_the_middle_it_goes_on_at_the_missing_shard(tmp_path, monkeypatch):
  monkeypatch.setattr(shards, "SHARD_SIZE", 2)
  database, out = make_database(tmp_path), tmp_path / "out"

  def stop(done, total):
    if done > 4:
      raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    prepare.prepare(database, tmp_path / "raw", out, workers=1, progress=stop)
  assert not (out / "photos").exists()
  written = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
  assert len(written) == 3
  read = []
  monkeypatch.setattr(
    shards.images, "bounded_jpeg", lambda data, shorter_side: read.append(data) or data
  )
  prepare.prepare(database, tmp_path / "raw", out, workers=1)
  assert len(read) == 9 - 6
  assert len(records.open_split(out / "photos", "train")) == 6


def test_an_image_that_comes_after_the_stop_is_taken(tmp_path):
  database, out = make_database(tmp_path), tmp_path / "out"
  image = (database.image_root / "1.jpg").read_bytes()
  (database.image_root / "1.jpg").unlink()

  def stop(done, total):
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    prepare.prepare(database, tmp_path / "raw", out, workers=1, progress=stop)
  (database.image_root / "1.jpg").write_bytes(image)
  manifest, gaps = prepare.prepare(database, tmp_path / "raw", out, workers=1)
  assert gaps.is_empty() and manifest["left_out"] == 0 and manifest["images"]["train"] == 6


def test_shards_of_other_settings_are_not_taken_up(tmp_path):
  database, out = make_database(tmp_path), tmp_path / "out"

  def stop(done, total):
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    prepare.prepare(database, tmp_path / "raw", out, workers=1, progress=stop)
  prepare.prepare(database, tmp_path / "raw", out, shorter_side=10, workers=1)
  record = records.open_split(out / "photos", "train")[0]
  assert min(images.decode(record["image"]).shape[:2]) == 10
  assert [path.name for path in out.iterdir()] == ["photos"]


def test_processes_pack_what_one_would(tmp_path, monkeypatch):
  monkeypatch.setattr(shards, "SHARD_SIZE", 2)
  database = make_database(tmp_path)
  counts = []

  def count(done, total):
    counts.append((done, total))

  for workers, out in ((1, tmp_path / "one"), (2, tmp_path / "two")):
    prepare.prepare(database, tmp_path / "raw", out, workers=workers, progress=count)
  one, two = (everything_in(tmp_path / out / "photos") for out in ("one", "two"))
  assert one.keys() == two.keys()
  assert [name for name in one if one[name] != two[name]] == []
  assert counts[4] == counts[9] == (9, 9)


CHILD = """
import sys
from pathlib import Path

if __name__ == "__main__":
  import polars as pl
  from paiaa_jax.data import prepare, shards
  from paiaa_jax.data.databases.database import Database

  folder, shards.SHARD_SIZE = Path(sys.argv[1]), 4
  images = pl.DataFrame({"path": ["1.jpg"] * 400, "split": ["train"] * 400})
  database = Database("photos", folder / "raw" / "photos", images)
  prepare.prepare(database, folder / "raw", folder / "out", shorter_side=10, workers=2)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in /proc")
def test_killed_outright_it_leaves_no_process_and_finishes_when_called_again(tmp_path):
  make_database(tmp_path)
  script = tmp_path / "child.py"
  script.write_text(CHILD)
  command = [sys.executable, str(script), str(tmp_path)]
  with subprocess.Popen(command) as child:
    while len(list(tmp_path.glob("out/*/shards/*/*.parquet"))) < 3:
      assert child.poll() is None
      time.sleep(0.01)
    workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    child.kill()
  assert len(workers) >= 2 and not (tmp_path / "out" / "photos").exists()
  deadline = time.monotonic() + 20
  while any(Path(f"/proc/{worker}").exists() for worker in workers):
    assert time.monotonic() < deadline, "workers outlived the process that started them"
    time.sleep(0.05)
  first = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/shards/*/*.parquet")}
  assert 3 <= len(first) < 100
  subprocess.run(command, check=True)
  assert len(records.open_split(tmp_path / "out" / "photos", "train")) == 400
  assert [path.name for path in (tmp_path / "out").iterdir()] == ["photos"]


def break_manifest(folder, **fields):
  manifest = json.loads((folder / "manifest.json").read_text())
  (folder / "manifest.json").write_text(json.dumps(manifest | fields))


def break_index(folder, **columns):
  index = pl.read_parquet(folder / "index.parquet")
  index.with_columns(**columns).write_parquet(folder / "index.parquet")


@pytest.mark.parametrize(
  ("fields", "says"),
  [
    ({"images": {"train": 5, "test": 3}}, "manifest.json tells of images"),
    ({"images": {"train": 6, "test": "3"}}, r"int.*\$.images"),
    ({"scale": [1.0, 2.0]}, "scale of manifest.json has 2 entries where distribution"),
    ({"scale": "123"}, r"array.*\$.scale"),
    ({"aux_names": ["a"]}, "aux_names of manifest.json has 1 entries where aux"),
    ({"aux_names": None}, r"array.*\$.aux_names"),
  ],
)
def test_a_manifest_that_disagrees_with_the_index_is_told(tmp_path, fields, says):
  prepare.prepare(make_database(tmp_path), tmp_path / "raw", tmp_path / "out", workers=1)
  break_manifest(tmp_path / "out" / "photos", **fields)
  with pytest.raises(UserError, match=says):
    records.open_split(tmp_path / "out" / "photos", "train")


@pytest.mark.parametrize("column", records.LABELS)
def test_labels_of_the_index_that_are_not_the_records_are_told(tmp_path, column):
  prepare.prepare(make_database(tmp_path), tmp_path / "raw", tmp_path / "out", workers=1)
  folder = tmp_path / "out" / "photos"
  lists = column in ("distribution", "aux")
  changed = pl.col(column).list.eval(pl.element() + 0.25) if lists else 1 - pl.col(column)
  break_index(folder, **{column: changed.cast(records.INDEX[column])})
  with pytest.raises(UserError, match=f"the index and the records disagree on {column} of 1.jpg"):
    records.open_split(folder, "train")[0]
