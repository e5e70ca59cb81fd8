"""Ten thousand photographs on a cluster of two nodes, of which one is killed: every row once."""

import importlib.util
import subprocess
import sys
import tarfile

import numpy as np
import polars as pl
import pytest

from tests.data.pictures import encoded, photo
from tests.photos.test_parts import write_tar
from tests.soak import commands

SHARDS, EACH = 20, 500
CLUSTER = """
import sys, threading, time
import ray
from ray.cluster_utils import Cluster
from launch import ray_workers
from paiaa_jax.photos import parts

class Tiny(ray_workers.Worker):
  def __init__(self, *arguments):
    import tests.photos.tiny_model
    super().__init__(*arguments)

source, model, out = sys.argv[1:]
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 3, "include_dashboard": False})
other = cluster.add_node(num_cpus=2)
ray.init(address=cluster.address, log_to_driver=False)
done = 0
for count, bad in ray_workers.score(
  parts.find(source), (model, 32), out, "paiaa", workers=2, gpus=0, worker=Tiny
):
  done += 1
  if done == 4:
    cluster.remove_node(other, allow_graceful=False)
    print("killed", flush=True)
print("parts", done)
"""


@pytest.mark.soak
@pytest.mark.skipif(
  not importlib.util.find_spec("ray"), reason="ray, 80 MB, is an extra that CI does without"
)
def test_a_node_that_is_killed_costs_no_row(model_path, tmp_path, child_env, tell):
  random = np.random.default_rng(0)
  kinds = [encoded(photo(64, 48, seed), quality=80) for seed in range(50)]
  (tmp_path / "shards").mkdir()
  for shard in range(SHARDS):
    chosen = random.integers(0, len(kinds), EACH)
    files = {f"{shard:03d}{i:04d}.jpg": kinds[kind] for i, kind in enumerate(chosen)}
    write_tar(tmp_path / "shards" / f"{shard:05d}.tar", files)
  given = [str(tmp_path / "shards"), str(model_path), str(tmp_path / "out")]
  command = [sys.executable, "-c", CLUSTER, *given]
  done = subprocess.run(
    command, cwd=commands.ROOT, env=child_env, capture_output=True, text=True, check=False
  )
  assert done.returncode == 0, done.stderr[-3000:]
  assert "killed" in done.stdout and f"parts {SHARDS}" in done.stdout
  written = sorted(path.name for path in (tmp_path / "out").iterdir())
  assert [name for name in written if name.endswith(".parquet")] == [
    f"{shard:05d}.parquet" for shard in range(SHARDS)
  ]
  keys = pl.concat([pl.read_parquet(path) for path in (tmp_path / "out").glob("0*.parquet")])["key"]
  expected = set()
  for path in (tmp_path / "shards").iterdir():
    with tarfile.open(path) as archive:
      expected |= {name.removesuffix(".jpg") for name in archive.getnames()}
  lost = len(expected - set(keys)) + len(keys) - keys.n_unique()
  tell("photographs on a cluster whose node was killed", SHARDS * EACH, lost)
  assert not lost and keys.n_unique() == SHARDS * EACH
