"""Shards, tables, lists and folders of photographs give the rows of `paiaa score`, part by part."""

import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from launch import score_parts
from paiaa_jax.errors import UserError
from paiaa_jax.photos import part_scores, parts, verbs
from paiaa_jax.photos.part_scores import STATISTICS, Scorer

ROOT = Path(__file__).parents[2]


def write_tar(path, files, mode="w"):
  """WebDataset: a sample's files stand side by side and share all up to the first dot."""
  with tarfile.open(path, mode) as archive:
    for name, data in files.items():
      info = tarfile.TarInfo(name)
      info.size = len(data)
      archive.addfile(info, io.BytesIO(data))


@pytest.fixture
def shards(photos, tmp_path):
  """Two tar shards of ten photographs, the second with a caption and a photograph that is none."""
  folder = tmp_path / "shards"
  folder.mkdir()
  names = sorted(photos.glob("*.jpg"))
  first, second = (
    {f"a/{p.name}": p.read_bytes() for p in some} for some in (names[:10], names[10:])
  )
  write_tar(folder / "00000.tar", first)
  second = dict(second) | {"a/10.txt": b"a caption", "a/bad.final.jpg": b"no image"}
  write_tar(folder / "00001.tar", second)
  return folder


@pytest.fixture(scope="module")
def scorer(model_path):
  return Scorer(str(model_path), 8)


def score_all(source, scorer, out, schema="paiaa"):
  return list(score_parts.score_here(parts.find(str(source)), scorer, str(out), schema))


def test_each_shard_becomes_a_file_with_the_rows_of_paiaa_score(
  shards, photos, open_library, scorer, tmp_path
):
  assert score_all(shards, scorer, tmp_path / "out") == [(10, 0), (11, 1)]
  verbs.score(open_library(photos), tmp_path / "scores.parquet")
  expected = {
    Path(row["path"]).name: row for row in pl.read_parquet(tmp_path / "scores.parquet").to_dicts()
  }
  assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
    "00000.parquet",
    "00001.parquet",
  ]
  found = pl.concat(
    [pl.read_parquet(path) for path in sorted((tmp_path / "out").iterdir())]
  ).to_dicts()
  assert len(found) == 21
  for row in found[:20]:
    own = expected[Path(row["path"]).name]
    assert {name: row[name] for name in own if name != "path"} == {
      name: value for name, value in own.items() if name != "path"
    }
  assert (found[0]["path"], found[0]["key"]) == ("a/00.jpg", "a/00")
  assert (found[20]["key"], found[20]["aesthetic_score"]) == ("a/bad", None)
  assert "image" in found[20]["error"]


def test_what_is_written_is_not_scored_again(shards, scorer, tmp_path):
  out = tmp_path / "out"
  score_all(shards, scorer, out)
  assert part_scores.written(str(out)) == {"00000", "00001"}
  (out / "00001.parquet").unlink()
  (out / ".00001.77.partial").write_bytes(b"half")
  assert part_scores.written(str(out)) == {"00000"}


KINDS = ("tar.gz", "parquet", "hugging face", "list", "folder")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_photographs_have_the_same_scores_wherever_they_stand(
  kind, photos, scorer, tmp_path
):
  names = sorted(photos.glob("*.jpg"))
  data = [path.read_bytes() for path in names]
  source = tmp_path / f"source.{kind}"
  if kind == "tar.gz":
    write_tar(source, dict(zip([path.name for path in names], data, strict=True)), "w:gz")
  elif kind == "parquet":
    pl.DataFrame({"path": [path.name for path in names], "jpg": data}).write_parquet(source)
  elif kind == "hugging face":
    source = tmp_path / "source.parquet"
    cells = [{"bytes": one, "path": path.name} for one, path in zip(data, names, strict=True)]
    pl.DataFrame({"image": cells, "label": [0] * len(cells)}).write_parquet(source)
  elif kind == "list":
    source = tmp_path / "list.txt"
    source.write_text("\n".join(map(str, names)))
  else:
    source = photos
  assert score_all(source, scorer, tmp_path / "out") == [(20, 0)]
  (written,) = (tmp_path / "out").iterdir()
  table = pl.read_parquet(written)
  assert [Path(path).name for path in table["path"]] == [path.name for path in names]
  decoded = part_scores.decode([parts.File("", "", one) for one in data], scorer.model.image_size)
  expected = [row["aesthetic_score"] for row in scorer.rows(decoded)]
  np.testing.assert_array_equal(table["aesthetic_score"], expected)


def test_a_shard_that_is_cut_off_keeps_what_can_be_read_and_says_so(shards, scorer, tmp_path):
  whole = (shards / "00000.tar").read_bytes()
  (shards / "00000.tar").write_bytes(whole[: len(whole) // 2])
  (shards / "00001.tar").write_bytes(b"no archive at all" * 100)
  done = score_all(shards, scorer, tmp_path / "out")
  assert 2 < done[0][0] < 10 and done[1] == (1, 1)
  last = pl.read_parquet(tmp_path / "out" / "00000.parquet").to_dicts()[-1]
  assert "00000.tar cannot be read to its end" in last["error"] and last["aesthetic_score"] is None


def test_the_columns_are_those_that_nemo_curator_reads(shards, scorer, tmp_path):
  """ImageAestheticFilterStage: `aesthetic_score` from 0 to 1."""
  score_all(shards, scorer, tmp_path / "out", "nemo_curator")
  table = pl.read_parquet(tmp_path / "out" / "00001.parquet")
  assert table.schema == {"path": pl.String, "key": pl.String, "aesthetic_score": pl.Float32}
  scores = table["aesthetic_score"].to_list()
  assert scores[-1] is None and all(0 < score < 1 for score in scores[:-1])


def test_the_columns_are_those_that_data_juicer_reads(shards, scorer, tmp_path):
  """image_aesthetics_filter: `image_aesthetics_scores` of a sample's images, from 0 to 1."""
  score_all(shards, scorer, tmp_path / "out", "data_juicer")
  rows = pl.read_parquet(tmp_path / "out" / "00001.parquet").to_dicts()
  assert list(rows[0]) == ["images", "text", STATISTICS]
  found = [row[STATISTICS]["image_aesthetics_scores"] for row in rows]
  assert all(
    len(row["images"]) == len(scores) == 1 for row, scores in zip(rows, found, strict=True)
  )
  assert found[-1] == [None] and all(0 < scores[0] < 1 for scores in found[:-1])


def test_coordinates_are_columns_where_the_model_has_them(frozen_model, shards, tmp_path):
  scorer = Scorer(str(frozen_model.folder), 4)
  score_all(shards, scorer, tmp_path / "out")
  table = pl.read_parquet(tmp_path / "out" / "00001.parquet")
  assert table.schema["coordinates"] == pl.Array(pl.Float32, 5)
  assert table["coordinates"].null_count() == 1


@pytest.mark.parametrize(
  ("names", "says"),
  [([], "holds no tar shard"), (["a.tar", "b/a.tar"], "two parts would be written as a")],
)
def test_a_source_without_parts_of_its_own_is_told(tmp_path, names, says):
  for name in names:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    write_tar(tmp_path / name, {})
  with pytest.raises(UserError, match=says):
    parts.find(str(tmp_path))
  with pytest.raises(UserError, match="no such file or folder"):
    parts.find(str(tmp_path / "nowhere"))


def run(arguments, env, program=("-m", "launch.score_parts")):
  command = [sys.executable, *program, *map(str, arguments)]
  return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_tells_what_it_does_and_goes_on(shards, model_path, tmp_path, child_env):
  tiny = "import sys, tests.photos.tiny_model\nfrom launch import score_parts, cli_errors\n"
  tiny += "score_parts.define_flags()\ncli_errors.run(score_parts.main, addresses=True)"
  given = [f"--source={shards}", f"--model={model_path}", f"--out={tmp_path / 'out'}"]
  done = run(given, child_env, ("-c", tiny))
  assert done.returncode == 0, done.stderr
  assert "2 of 2 parts, 21 photographs, 1 of them with an error" in done.stderr
  assert "2 parts, 2 of them written before" in run(given, child_env, ("-c", tiny)).stderr
  wrong = run([f"--source={tmp_path / 'none'}", *given[1:]], child_env, ("-c", tiny))
  assert wrong.returncode == 2 and "no such file or folder" in wrong.stderr


LOCAL_CLUSTER = """
import sys, ray
from launch import ray_workers
from paiaa_jax.photos import parts

class Tiny(ray_workers.Worker):
  def __init__(self, *arguments):
    import tests.photos.tiny_model
    super().__init__(*arguments)

ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
source, model, out = sys.argv[1:]
todo = parts.find(source)
options = dict(gpus=0, worker=Tiny)
print(sorted(ray_workers.score(todo, (model, 8), out, "paiaa", workers=1, **options)))
try:
  list(ray_workers.score(todo, (model, 8), out, "paiaa", workers=2, **options))
except ValueError as error:
  print(error)
"""


@pytest.mark.skipif(
  not importlib.util.find_spec("ray"), reason="ray, 80 MB, is an extra that CI does without"
)
def test_a_local_cluster_writes_the_same(shards, scorer, model_path, tmp_path, child_env):
  done = run([shards, model_path, tmp_path / "ray"], child_env, ("-c", LOCAL_CLUSTER))
  assert done.returncode == 0, done.stderr[-2000:]
  assert json.loads(done.stdout.splitlines()[0].replace("(", "[").replace(")", "]")) == [
    [10, 0],
    [11, 1],
  ]
  assert "leaves none to decode" in done.stdout
  score_all(shards, scorer, tmp_path / "here")
  for name in ("00000", "00001"):
    found, expected = (
      pl.read_parquet(tmp_path / place / f"{name}.parquet") for place in ("ray", "here")
    )
    assert found.equals(expected)


def test_without_ray_it_says_what_to_install(model_path, shards, tmp_path, child_env):
  if importlib.util.find_spec("ray"):
    pytest.skip("ray is installed")
  done = run([f"--source={shards}", "--ray", f"--out={tmp_path / 'out'}"], child_env)
  assert done.returncode == 2 and "[ray]" in done.stderr.splitlines()[-1]
