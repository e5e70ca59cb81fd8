"""OASIS end to end on a tiny copy of its format: what is held out is unseen, the maths is exact."""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.io
from PIL import Image
from scipy import stats

from configs import oasis_frozen
from paiaa_jax.models.network import backbone_class
from paiaa_jax.personalization import solvers
from studies.oasis import gaussian, people, report, run, stage1, stage2, study

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
    database.images.filter(split="test")["image"]
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


def test_nor_have_its_crowd_prior_and_every_solver(source, features):
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  flipped = np.where(drawn.photo_fold == 0, 8 - data.ratings, data.ratings)
  crowd = drawn.block != 0
  group = people.gather(data, np.flatnonzero(~crowd), num_splits=2, seed=0)
  generic = np.linspace(2, 5, PHOTOS).astype(np.float32)
  scores = []
  for ratings in (data.ratings, flipped):
    model = stage2.make_model(
      drawn.photo_fold == 0,
      generic,
      features[:, :2],
      np.eye(PHOTOS, dtype=np.float32),
      ratings[crowd],
    )
    scores.append([solver(model, group, 5)[0] for solver in (run.EVERYONE | run.SLOW).values()])
  for one, other in zip(*scores, strict=True):
    np.testing.assert_array_equal(one, other)


def test_a_process_is_that_of_its_own_model_though_others_have_come_and_gone(source, features):
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  group = people.gather(data, np.flatnonzero(drawn.block == 0), num_splits=2, seed=0)

  def scores(solver, mean):
    generic = np.full(PHOTOS, mean, np.float32)
    crowd = data.ratings[drawn.block != 0]
    likeness = np.eye(PHOTOS, dtype=np.float32)
    model = stage2.make_model(drawn.photo_fold == 0, generic, features[:, :2], likeness, crowd)
    return solver(model, group, 5)[0]  # the model goes, and another may lie where it lay

  one = stage2.by_process(stage2.outputs_and_taste)
  for mean in (2, 3, 4, 5):
    fresh = stage2.by_process(stage2.outputs_and_taste)
    np.testing.assert_array_equal(scores(one, mean), scores(fresh, mean))


def test_the_process_with_a_prior_of_weights_is_bayes(source, features):
  """Two roads to one posterior mean, where bayes is told the noise for certain."""
  data = study.read(source)
  drawn = study.draw(data, 0, 5, 4)
  group = people.gather(data, np.flatnonzero(drawn.block == 0), num_splits=2, seed=0)
  generic = np.full(PHOTOS, 4, np.float32)
  model = stage2.make_model(
    drawn.photo_fold == 0, generic, features[:, :2], np.eye(PHOTOS), data.ratings[drawn.block != 0]
  )
  certain = model.prior._replace(noise_count=jnp.asarray(1e9))
  model = dataclasses.replace(model, prior=certain)
  x, prior = np.c_[features[:, :2], np.ones(PHOTOS)], model.prior
  process = gaussian.Process(
    jnp.asarray(generic + x @ prior.mean), jnp.asarray(x @ prior.covariance @ x.T), prior.noise
  )
  scores, _ = gaussian.predict(process, group.photo, group.rating, group.draws.image[:, :5])
  bayes, _ = stage2.fused(solvers.Bayes())(model, group, 5)
  np.testing.assert_allclose(scores[group.valid], bayes[group.valid], atol=2e-3)


def test_rank_is_spearman_on_what_is_held_out(source):
  data = study.read(source)
  group = people.gather(data, np.arange(6), num_splits=3, seed=0)
  assert len(group.ids) == 5  # who gives one score cannot be ranked
  scores = np.random.default_rng(2).normal(size=group.draws.position.shape).astype(np.float32)
  ranked = people.rank(group, 10, scores, np.full(scores.shape, 2.0))
  for u in range(5):
    for s in range(3):
      held = (group.draws.position[u, :, s] >= 10) & group.valid[u]
      expected = stats.spearmanr(scores[u, held, s], group.rating[u, held]).statistic
      assert ranked.srcc[u, s] == pytest.approx(expected, abs=1e-5)
      inside = np.abs(scores[u, held, s] - group.rating[u, held]) <= 2
      assert ranked.coverage[u, s] == pytest.approx(inside.mean())
  np.testing.assert_allclose(ranked.width, 4)


def test_steps_are_resumed_and_end_in_a_report(source, config, features, tmp_path, monkeypatch):
  def extract(backbone, weights, pixels):
    return features + next(pixels).shape[0]

  monkeypatch.setattr(run, "extract", extract)
  monkeypatch.setattr(run.gallery, "SHOTS", 3)
  workdir = tmp_path / "run"
  run.claim(workdir, config)
  data = study.read(source)

  def steps():
    inputs = run.poolings(config, run.compute_features(config, data, workdir))
    run.image_level(config, data, inputs, workdir)
    return run.personalize(config, data, inputs[run.HEADLINE], workdir)

  files = steps()
  written = {file: file.stat().st_mtime_ns for file in workdir.rglob("*.np*")}
  assert steps() == files
  assert written == {file: file.stat().st_mtime_ns for file in workdir.rglob("*.np*")}
  page = report.write(config, data, workdir)
  assert "Two people who disagree" in page.read_text(encoding="utf-8")
  table = json.loads((workdir / "tables" / "oasis_everyone.json").read_text())
  assert {row["solver"] for row in table["rows"]} == {*run.EVERYONE, "crowd's mean"}
  config.people = 5
  with pytest.raises(ValueError, match="people 4 -> 5"):
    run.claim(workdir, config)
