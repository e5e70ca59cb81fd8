"""Everyone's weights from shards: equal to those in memory, resumed, shared out, refused."""

import json
import socket
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from configs import personalize_at_scale
from paiaa_jax.apps import deal_shards, personalize_shards
from paiaa_jax.errors import UserError
from paiaa_jax.personalization import blocks, linear
from paiaa_jax.personalization.prior import Prior, fit_posterior
from tests import children

NAMES = ("calm", "loud")
USERS, IMAGES = 30, 200


@pytest.fixture
def folder(tmp_path):
  """Shards of ratings in which nearly every user is spread over all files."""
  rng = np.random.default_rng(0)
  traits = rng.normal(0, 0.4, (IMAGES, 2))
  generic = rng.normal(3, 0.4, IMAGES)
  weights = rng.normal(0.5, 0.5, (USERS, 2))
  rows = []
  for user in range(USERS):
    for image in rng.permutation(IMAGES)[: rng.integers(1, 60)]:
      score = generic[image] + traits[image] @ weights[user] + rng.normal(0, 0.3)
      rows.append((f"user{user:02d}", f"{image}.jpg", float(np.clip(np.round(score), 1, 5))))
  rng.shuffle(rows)
  frame = pl.DataFrame(rows, schema=["user", "path", "score"], orient="row")
  scores = {"path": [f"{i}.jpg" for i in range(IMAGES)], "aesthetic_score": generic}
  scores = pl.DataFrame({**scores, **dict(zip(NAMES, traits.T, strict=True))})
  for name, table, count in (("ratings", frame, 4), ("scores", scores, 3)):
    (tmp_path / name).mkdir()
    for i in range(count):
      table.gather_every(count, i).write_parquet(tmp_path / name / f"{i}.parquet")
  return tmp_path


def settings(folder, **changed):
  fields = personalize_at_scale.get_config().shards.to_dict() | dict(groups=2, parts=3, crowd=20)
  files = dict(ratings=f"{folder}/ratings/*.parquet", scores=f"{folder}/scores/*.parquet")
  return fields | files | changed


def weights(workdir):
  return pl.read_parquet(sorted((workdir / "weights").glob("*.parquet"))).sort("user")


def test_each_user_is_fitted_as_alone_in_memory(folder):
  personalize_shards.run(settings(folder), folder / "run")
  result = weights(folder / "run")
  assert len(result) == USERS
  prior = personalize_shards.read_prior(folder / "run" / "prior.json")
  scores = pl.read_parquet(sorted((folder / "scores").glob("*.parquet")))
  ratings = pl.read_parquet(sorted((folder / "ratings").glob("*.parquet"))).join(scores, on="path")
  fit = jax.jit(lambda x, target, seen: fit_posterior(linear.moments(x, target, seen), prior))
  for row in result.iter_rows(named=True):
    own = ratings.filter(pl.col("user") == row["user"])
    assert row["ratings"] == len(own)
    x, target, seen = np.zeros((60, 3)), np.zeros(60), np.arange(60) < len(own)
    x[seen] = linear.design(jnp.asarray(own.select(NAMES).to_numpy()))
    target[seen] = (own["score"] - own["aesthetic_score"]).to_numpy()
    alone = fit(*(jnp.asarray(a, jnp.float32) for a in (x, target, seen)))
    fitted = [row["w_calm"], row["w_loud"], row["intercept"]]
    np.testing.assert_allclose(fitted, alone.mean, atol=1e-4)
    assert row["noise"] == pytest.approx(float(alone.noise_variance), rel=1e-3)


def test_a_stopped_run_keeps_what_is_whole_and_ends_the_same(folder):
  workdir = folder / "run"
  personalize_shards.run(settings(folder), workdir)
  whole = weights(workdir)
  kept = workdir / "weights" / "part-00001.parquet"
  before = kept.stat().st_mtime_ns
  (workdir / "weights" / "part-00002.parquet").unlink()
  (workdir / "weights" / "part-00002.partial").write_bytes(b"half")
  personalize_shards.run(settings(folder), workdir)
  assert kept.stat().st_mtime_ns == before
  assert weights(workdir).equals(whole)


def test_stopped_while_groups_are_joined_it_goes_on_with_the_next(folder, monkeypatch):
  personalize_shards.run(settings(folder), folder / "whole")
  join = deal_shards.join_group

  def stop(images, group, *others):
    if group == 1:
      raise KeyboardInterrupt
    join(images, group, *others)

  with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
    patch.setattr(deal_shards, "join_group", stop)
    personalize_shards.run(settings(folder), folder / "run")
  kept = folder / "run" / "parts" / "group-00000"
  before = kept.stat().st_mtime_ns
  personalize_shards.run(settings(folder), folder / "run")
  assert kept.stat().st_mtime_ns == before
  assert weights(folder / "run").equals(weights(folder / "whole"))


def test_another_runs_workdir_is_refused(folder):
  personalize_shards.run(settings(folder), folder / "run")
  with pytest.raises(UserError, match="other settings"):
    personalize_shards.run(settings(folder, parts=4), folder / "run")


def test_a_shard_of_ratings_is_dealt_without_the_images_of_others(folder, monkeypatch):
  """Each file is read once, and what is joined at a time is one group of images."""
  read = []
  scan = pl.scan_parquet
  monkeypatch.setattr(pl, "scan_parquet", lambda file: read.append(file) or scan(file))
  joined = []
  join = pl.DataFrame.join

  def note(left, right, **options):
    if "aesthetic_score" in right.columns:
      joined.append((set(left["path"]), set(right["path"])))
    return join(left, right, **options)

  monkeypatch.setattr(pl.DataFrame, "join", note)
  personalize_shards.run(settings(folder, groups=4), folder / "run")
  assert sorted(read) == sorted([*folder.glob("scores/*"), *folder.glob("ratings/*")])
  scored = [path for _, group in joined for path in group]
  assert len(scored) == len(set(scored)) == IMAGES and len(joined) == 4
  assert all(rated <= group for rated, group in joined)
  counts = [json.loads(file.read_text()) for file in folder.glob("run/parts/*/counts.json")]
  ratings = pl.read_parquet(sorted((folder / "ratings").glob("*")))
  assert sum(count["ratings"] for count in counts) == len(ratings)
  assert not list(folder.glob("run/images/*/*"))  # removed once they are joined


def test_ratings_of_images_without_a_score_are_counted(folder):
  unknown = pl.DataFrame({"user": ["user01"] * 2, "path": ["x.jpg", "y.jpg"], "score": [1.0, 2.0]})
  unknown.write_parquet(folder / "ratings" / "unknown.parquet")
  personalize_shards.run(settings(folder), folder / "run")
  counts = [json.loads(file.read_text()) for file in folder.glob("run/parts/*/counts.json")]
  assert sum(count["unscored"] for count in counts) == 2


def test_a_rating_of_nobody_is_refused(folder):
  nobody = pl.DataFrame({"user": [None, "ann"], "path": ["1.jpg", "1.jpg"], "score": [1.0, 2.0]})
  nobody.write_parquet(folder / "ratings" / "nobody.parquet")
  with pytest.raises(UserError, match=r"nobody\.parquet: 1 rows have no user"):
    personalize_shards.run(settings(folder), folder / "run")


def test_a_user_of_a_bad_rating_is_refused_by_name_and_the_others_fitted(folder):
  bad = pl.DataFrame(
    {"user": ["nan", "high", "null"], "path": ["1.jpg"] * 3, "score": [float("nan"), 9.0, None]}
  )
  bad.write_parquet(folder / "ratings" / "bad.parquet")
  personalize_shards.run(settings(folder), folder / "run")
  result = weights(folder / "run")
  refused = result.filter(pl.col("refused").is_not_null())
  assert dict(refused.select("user", "refused").iter_rows()) == {
    "nan": "a rating that is not a finite number",
    "high": "a rating outside 1..5",
    "null": "a rating that is not a finite number",
  }
  assert refused["w_calm"].is_null().all()
  assert result.filter(pl.col("refused").is_null()).drop("refused").null_count().pipe(sum_row) == 0


def sum_row(frame):
  return sum(frame.row(0))


def test_blocks_hold_every_rating_once_in_bounded_memory():
  rng = np.random.default_rng(1)
  counts = np.array([1, 16, 17, 40, 3, 300, 0, 16])
  columns = rng.normal(size=(counts.sum(), 4)).astype(np.float32)
  rows = blocks.Rows(columns, np.concatenate([[0], np.cumsum(counts)]))
  seen = []
  for users, block in blocks.lay_out(rows, block_ratings=64):
    assert block.shape[0] * block.shape[1] == 64 or block.shape[:2] == (1, 512)
    for user, own in zip(users, block, strict=False):
      np.testing.assert_array_equal(
        own[: counts[user]], columns[rows.starts[user] :][: counts[user]]
      )
      assert not own[counts[user] :].any()
    assert not block[len(users) :].any()
    seen += users.tolist()
  assert sorted(seen) == list(range(len(counts)))


def test_eight_devices_fit_as_one_and_a_cpu_as_others(folder):
  rng = np.random.default_rng(2)
  block = rng.normal(size=(64, 16, 4)).astype(np.float32)
  block[..., 2] = 1
  prior = Prior(jnp.zeros(3), jnp.eye(3), jnp.float32(1), jnp.float32(10))
  one, eight = (blocks.compile_fit(jax.devices()[:n])(block, prior) for n in (1, 8))
  assert len(eight.mean.sharding.device_set) == 8
  np.testing.assert_allclose(one.mean, eight.mean, atol=1e-6)
  elsewhere = jax.jit(blocks.fit_block)(block, prior)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), one, elsewhere)


def test_the_command_runs_and_tells_what_is_missing_in_one_line(folder, child_env):
  command = ["launch.personalize", "--config=configs/personalize_at_scale.py"]
  command += [f"--workdir={folder / 'cli'}"]
  command += [f"--config.shards.{k}={v}" for k, v in settings(folder).items() if k != "scale"]
  done = children.run(*command, env=child_env)
  assert done.returncode == 0, done.stderr
  assert len(weights(folder / "cli")) == USERS
  command += [f"--config.shards.scores={folder}/none/*.parquet"]
  failed = children.run(*command, env=child_env)
  assert failed.returncode == 2 and "no parquet shard matches" in failed.stderr


def test_two_hosts_share_the_files_and_write_what_one_does(folder, child_env):
  personalize_shards.run(settings(folder), folder / "one")
  with socket.socket() as probe:
    probe.bind(("localhost", 0))
    port = probe.getsockname()[1]
  command = [sys.executable, "-m", "launch.personalize"]
  command += ["--config=configs/personalize_at_scale.py", f"--workdir={folder / 'two'}"]
  command += [f"--config.shards.{k}={v}" for k, v in settings(folder).items() if k != "scale"]
  command += [f"--coordinator=localhost:{port}", "--num_processes=2"]
  hosts = [
    subprocess.Popen([*command, f"--process_id={i}"], env=child_env, stderr=subprocess.PIPE)
    for i in range(2)
  ]
  errors = [host.communicate(timeout=300)[1].decode() for host in hosts]
  assert [host.returncode for host in hosts] == [0, 0], errors
  ours, theirs = weights(folder / "two"), weights(folder / "one")
  assert ours.select("user", "ratings").equals(theirs.select("user", "ratings"))
  values = ["w_calm", "w_loud", "intercept", "noise"]
  np.testing.assert_allclose(ours.select(values), theirs.select(values), atol=1e-5)
