"""A Ray cluster gives the rows of `paiaa score`."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from paiaa_jax.photos import verbs

ROOT = Path(__file__).parents[2]
LOCAL_CLUSTER = """
import sys, ray
from launch import score_ray

class Tiny(score_ray.Scorer):
  def __init__(self, *arguments):
    import tests.photos.tiny_model
    super().__init__(*arguments)

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
score_ray.Scorer = Tiny
photos, model, out = sys.argv[1:]
score_ray.score(photos, model, out, workers=1, batch_size=8, gpus=0)
try:
  score_ray.score(photos, model, out, workers=2, batch_size=8, gpus=0)
except ValueError as error:
  print(error)
"""


@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="ray is not installed; an extra")
def test_a_local_cluster_writes_the_rows_of_paiaa_score(open_library, photos, tmp_path, child_env):
  (photos / "bad.jpg").write_text("no image")
  verbs.score(open_library(photos), tmp_path / "scores.parquet")
  command = [sys.executable, "-c", LOCAL_CLUSTER, str(photos)]
  command += [str(open_library().model.folder), str(tmp_path / "out")]
  options = {"env": child_env, "cwd": ROOT, "capture_output": True, "text": True}
  done = subprocess.run(command, check=True, **options)
  assert "leaves none to read" in done.stdout
  expected = pl.read_parquet(tmp_path / "scores.parquet").sort("path")
  found = pl.read_parquet(tmp_path / "out" / "*.parquet").sort("path")
  assert_frame_equal(found, expected, rel_tol=1e-5, abs_tol=1e-6)


def test_without_ray_it_says_what_to_install(model_path, photos, tmp_path, child_env):
  if importlib.util.find_spec("ray"):
    pytest.skip("ray is installed")
  command = [sys.executable, "-m", "launch.score_ray", f"--photos={photos}"]
  command += [f"--model={model_path}", f"--out={tmp_path / 'out'}"]
  done = subprocess.run(command, env=child_env, cwd=ROOT, capture_output=True, text=True)
  assert done.returncode == 2 and done.stderr.count("\n") == 1 and "[ray]" in done.stderr
