"""OASIS end to end on a tiny copy of its format: what is held out is unseen, the maths is exact."""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.io
from PIL import Image

from configs import oasis_frozen
from paiaa_jax import personalization as pz
from paiaa_jax.errors import UserError
from paiaa_jax.models.network import backbone_class
from paiaa_jax.personalization.solvers.taste import Process, linear_kernel
from studies import steps
from studies.oasis import blocks, people, report, run, stage1, stage2, study

PHOTOS, RATERS = 25, 14


@pytest.fixture
def source(tmp_path):
  """The distributors' files: 25 photographs, 14 people who differ, one who gives one score."""
  folder = tmp_path / "source"
  (folder / "images").mkdir(parents=True)
  header = (
    ",Theme,Category,Source,Valence_mean,Valence_SD,Valence_N,Arousal_mean,Arousal_SD,Arousal_N"
  )
  random = np.random.default_rng(0)
  rows = []
  for i in range(PHOTOS):
    category = ("Animal", "Object", "Person", "Scenery")[i % 4]
    valence, arousal = 1 + 6 * random.random(2)
    rows.append(f"I{i + 1},Dog {i},{category},Pixabay,{valence},1,9,{arousal},1,9")
    Image.fromarray(random.integers(0, 255, (8, 10, 3), np.uint8)).save(
      folder / "images" / f"Dog {i}.jpg"
    )
  (folder / "OASIS.csv").write_text("\r".join([header, *rows]))
  scores = random.integers(1, 8, (RATERS, PHOTOS)).astype(float)
  scores[random.random(scores.shape) < 0.1] = np.nan
  scores[3] = 4.0
  scipy.io.savemat(folder / "corrData.mat", {"corrData": scores})
  return folder


@pytest.fixture
def config():
  config = oasis_frozen.get_config()
  config.sizes, config.seeds, config.people, config.shots = (8, 16), (0, 1), 4, (5, 10)
  config.headline_splits, config.splits, config.tune.seeds = 3, 2, ()
  return config


@pytest.fixture
def features(config):
  width = 2 * backbone_class(config.backbone).FEATURES + 8
  return np.random.default_rng(1).normal(size=(PHOTOS, width)).astype(np.float32)


def test_folds_are_those_of_the_database(source):
  from paiaa_jax.data.databases import oasis

  data = study.read(source)
  drawn = study.draw(data, seed=2, folds=5, people=4)
  database = oasis.load(source, fold=3, rater_fold=1, people=4, seed=2)
  assert set(data.images[drawn.photo_fold == 3]) == set(
    database.images.filter(split="test")["path"]
  )
  assert set(data.users[drawn.block == 1]) == set(database.ratings.filter(split="test")["user"])


def test_heads_of_a_fold_have_not_seen_its_ratings(source, features):
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  heads = stage1.fit(features, data, drawn, (0,))
  test = drawn.photo_fold == 2
  other = data._replace(ratings=np.where(test, 8 - data.ratings, data.ratings))
  again = stage1.fit(features, other, drawn, (0,))
  np.testing.assert_array_equal(heads.distribution[2], again.distribution[2])
  assert np.abs(heads.distribution[1] - again.distribution[1]).max() > 0.01
  np.testing.assert_allclose(heads.distribution.sum(axis=-1), 1, atol=1e-4)


def group(data, drawn, block=0, shots=(5,), num_splits=2):
  users = people.gather(data, np.flatnonzero(drawn.block == block))
  return users, pz.draw_splits(users, pz.Protocol(shots, num_splits))


def model_of(data, drawn, generic, features, ratings=None):
  """Fold 0's model for the first block, with two outputs and photographs unlike each other."""
  ratings = data.ratings if ratings is None else ratings
  kernel = stage2.coordinates(np.eye(PHOTOS, dtype=np.float32))
  own = ratings[drawn.block != 0]
  return stage2.make_model(data, drawn.photo_fold == 0, generic, features[:, :2], kernel, own)


def test_nor_have_the_prior_and_every_method(source, features):
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  flipped = np.where(drawn.photo_fold == 0, 8 - data.ratings, data.ratings)
  users, splits = group(data, drawn)
  generic = np.linspace(2, 5, PHOTOS).astype(np.float32)
  scores = []
  for ratings in (data.ratings, flipped):
    model = model_of(data, drawn, generic, features, ratings)
    own = dataclasses.replace(users, images=model.images)
    scores.append(
      [method(model, own, splits).scores for method in (blocks.EVERYONE | blocks.SLOW).values()]
    )
  for one, other in zip(*scores, strict=True):
    np.testing.assert_array_equal(one, other)


def test_a_process_without_taste_is_empirical_bayes(source, features):
  """Two roads to one posterior mean, where the noise is known for certain."""
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  users, splits = group(data, drawn)
  model = model_of(data, drawn, np.full(PHOTOS, 4, np.float32), features)
  users = dataclasses.replace(users, images=model.images)
  prior = pz.empirical_bayes().init(model.others)
  prior = prior._replace(noise_count=jnp.asarray(1e9))
  process = Process(
    jnp.zeros(()), jnp.ones(()), prior.mean, prior.covariance, jnp.zeros(()), prior.noise_variance
  )
  found = pz.predict(pz.taste(linear_kernel), users, splits, process)
  expected = pz.predict(pz.empirical_bayes(), users, splits, prior)
  valid = users.valid
  np.testing.assert_allclose(found.scores[0][valid], expected.scores[0][valid], atol=2e-3)
  np.testing.assert_allclose(found.variance[0][valid], expected.variance[0][valid], atol=2e-3)


def test_the_coordinates_have_the_kernel_as_inner_products():
  random = np.random.default_rng(0).normal(size=(70, 90))
  kernel = (random @ random.T / 90).astype(np.float32)
  places, components = stage2.coordinates(kernel)
  np.testing.assert_allclose(places @ places.T, kernel, atol=1e-5)
  np.testing.assert_allclose(np.square(components).mean(axis=0), 1, atol=1e-5)


def test_each_photograph_is_scored_by_the_model_of_its_own_fold(source, features):
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  users, splits = group(data, drawn)
  models = [
    model_of(data, drawn, np.full(PHOTOS, fold, np.float32), features)._replace(
      test=drawn.photo_fold == fold
    )
    for fold in range(5)
  ]
  scores = stage2.score(models, users, splits, stage2.generic).scores
  expected = drawn.photo_fold[users.row][users.valid]
  np.testing.assert_array_equal(scores[0, ..., 0][users.valid], expected)


def test_who_gives_one_score_throughout_is_left_out(source):
  data = study.read(source)
  users = people.gather(data, np.arange(6))
  assert users.user_ids.tolist() == [*data.users[:3], *data.users[4:6]]
  first = users.image_ids[users.row[0][users.valid[0]]].tolist()
  assert first == data.images[~np.isnan(data.ratings[0])].tolist()


def test_steps_are_resumed_and_end_in_a_report(source, config, features, tmp_path, monkeypatch):
  def extract(backbone, weights, pixels):
    return features + next(pixels).shape[0]

  monkeypatch.setattr(run, "extract", extract)
  monkeypatch.setattr(blocks.gallery, "SHOTS", 3)
  workdir = tmp_path / "run"
  run.claim(workdir, config)
  data = study.read(source)

  def written():
    steps.run(workdir / "steps", run.steps(config, data, workdir))
    return {file: file.stat().st_mtime_ns for file in workdir.rglob("*.np*")}

  first = written()
  assert len(first) == 2 + 3 + 1  # features, blocks, the gallery
  assert written() == first
  block = workdir / "people" / "block01.npz"
  kept = dict(np.load(block))
  (workdir / "steps" / "users_01").unlink()  # as if killed in this block
  assert {file for file, time in written().items() if time != first[file]} == {block}
  np.testing.assert_equal(dict(np.load(block)), kept)
  page = report.write(config, data, workdir)
  assert "Two users who disagree" in page.read_text(encoding="utf-8")
  table = json.loads((workdir / "tables" / "oasis_everyone.json").read_text())
  assert {row["solver"] for row in table["rows"]} == {*blocks.EVERYONE, "other users' mean"}
  config.people = 5
  with pytest.raises(UserError, match="people 4 -> 5"):
    run.claim(workdir, config)
