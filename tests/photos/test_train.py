"""`paiaa train`: a table of photographs and scores becomes a model that `paiaa score` serves."""

import csv
import hashlib
import io
import json

import jax
import numpy as np
import polars as pl
import pytest
from PIL import Image
from scipy import stats

from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.models import frozen_heads, frozen_network
from paiaa_jax.models.weights import model_folder, pretrained
from paiaa_jax.photos import train, training_figures, training_table
from paiaa_jax.photos.cache import Cache
from tests.photos.command import runner
from tests.photos.tiny_model import TinyPhotos

COUNT, FOLDERS = 24, 6


@pytest.fixture
def paiaa(tmp_path, monkeypatch, capsys):
  monkeypatch.setenv("PAIAA_CACHE", str(tmp_path / "cache.sqlite"))
  return runner(monkeypatch, capsys)


@pytest.fixture
def tiny_backbone(tmp_path, monkeypatch):
  """A backbone that compiles in a moment, in place of the packaged one."""
  file = tmp_path / "weights"
  file.write_bytes(b"of no matter")
  variables = jax.jit(TinyPhotos().init)(jax.random.key(0), np.zeros((1, 16, 16, 3), np.float32))
  monkeypatch.setattr(train, "BACKBONE", "tiny_photos")
  monkeypatch.setattr(pretrained, "packaged_path", lambda name: file)
  monkeypatch.setattr(pretrained, "load", lambda name, path: variables)


@pytest.fixture
def labels(tmp_path, monkeypatch):
  """Here scores.csv (path, score, warmth) and photos/0/00.jpg and so on: light ones score high."""
  monkeypatch.chdir(tmp_path)
  random, rows = np.random.default_rng(0), []
  for i in range(COUNT):
    folder = tmp_path / "photos" / str(i % FOLDERS)
    folder.mkdir(parents=True, exist_ok=True)
    light = i / (COUNT - 1)
    colours = (random.integers(64, 192, (3, 4, 3)) * (0.2 + light)).clip(0, 255)
    Image.fromarray(colours.astype(np.uint8)).resize((64, 48)).save(folder / f"{i:02d}.jpg")
    rows.append((f"photos/{i % FOLDERS}/{i:02d}.jpg", round(1 + 6 * light, 2), 10 - i))
  frame = pl.DataFrame(rows, ["path", "score", "warmth"], orient="row")
  frame.write_csv(tmp_path / "scores.csv")
  return frame


def test_a_model_is_trained_and_scores_its_photographs(paiaa, labels, tmp_path):
  trained = paiaa("train", "scores.csv", "-o", "model", "--fast", "--outputs", "warmth")
  code, out, err = trained
  assert code == 0 and out == "model\n", err
  assert "from 1 to 7, as the scores lie from 1 to 7; --scale" in err
  assert "24 photographs, held out in turn: SROCC" in err
  assert "6 folders, held out in turn: SROCC" in err and "24 photographs are few" in err
  config = json.loads((tmp_path / "model/config.json").read_text())
  assert config["trained_on"] == "mean scores of 24 photographs in scores.csv"
  assert config["figures"]["by_photograph"]["srocc"] > 0.5
  assert config["preprocessing"] == {"image_size": 224, "pixels": PREPROCESSING}
  card = (tmp_path / "model/README.md").read_text()
  for words in (model_folder.model_id("model"), config["limits"], "warmth: from -13 to 10"):
    assert words in card
  code, out, err = paiaa("score", "photos", "-r", "--model", "model")
  assert code == 0 and "it learned from mean scores of 24 photographs in scores.csv" in err
  rows = {row["path"]: row for row in csv.DictReader(io.StringIO(out))}
  for column, given in (("aesthetic_score", "score"), ("warmth", "warmth")):
    found = [float(rows[path][column]) for path in labels["path"]]
    assert stats.spearmanr(found, labels[given]).statistic > 0.9
  scores = [float(rows[path]["aesthetic_score"]) for path in labels["path"]]
  np.testing.assert_allclose(scores, scores_of_kept_features(tmp_path), atol=1e-3)


def scores_of_kept_features(folder):
  """What the heads make of the features that training kept: scoring must see the same pixels."""
  config = json.loads((folder / "model/config.json").read_text())
  heads = pretrained.load_model(folder / "model")[0]["heads"]
  network = config["network"]
  fields = (network["weights_sha256"], network["pooling"], (1,), 224, PREPROCESSING)
  name, width = "/".join(map(str, fields)), len(heads["mean"])
  with Cache(folder / "model.features.sqlite", name, width) as cache:
    kept = cache.rows()
  means = frozen_heads.distributions(heads, kept.vectors, 7) @ np.arange(1.0, 8.0)
  by_digest = {
    bytes(key["digest"].tobytes()): mean for key, mean in zip(kept.keys, means, strict=True)
  }
  paths = [folder / f"photos/{i % FOLDERS}/{i:02d}.jpg" for i in range(COUNT)]
  return [by_digest[hashlib.sha256(path.read_bytes()).digest()[:16]] for path in paths]


@pytest.mark.usefixtures("tiny_backbone", "labels")
def test_features_are_computed_once(paiaa, tmp_path, monkeypatch):
  assert paiaa("train", "scores.csv", "-o", "model")[0] == 0
  first = (tmp_path / "model/model.safetensors").read_bytes()
  monkeypatch.setattr(frozen_network, "extractor", pytest.fail)
  assert paiaa("train", "scores.csv", "-o", "model")[0] == 0
  assert (tmp_path / "model/model.safetensors").read_bytes() == first


@pytest.mark.usefixtures("tiny_backbone", "labels")
def test_what_was_computed_before_a_stop_is_kept(paiaa, monkeypatch):
  counts, extractor = [], frozen_network.extractor

  def counted(network):
    features = extractor(network)

    def stopping(pixels):
      counts.append(len(pixels))
      if len(counts) == 3:
        raise KeyboardInterrupt
      return features(pixels)

    return stopping

  monkeypatch.setattr(frozen_network, "extractor", counted)
  code, _, err = paiaa("train", "scores.csv", "-o", "model")
  assert code == 130 and "the same command goes on from here" in err
  assert paiaa("train", "scores.csv", "-o", "model")[0] == 0
  assert counts == [8, 8, 8, 8]


@pytest.mark.usefixtures("tiny_backbone", "labels")
def test_bad_files_are_named_and_left_out_unless_they_are_many(paiaa, tmp_path):
  (tmp_path / "photos/0/00.jpg").write_text("no image")
  (tmp_path / "photos/1/01.jpg").unlink()
  code, _, err = paiaa("train", "scores.csv", "-o", "model")
  assert code == 0 and "photos/1/01.jpg: no such file\n" in err and "photos/0/00.jpg: " in err
  assert "2 of 24 photographs cannot be read and are left out" in err
  config = json.loads((tmp_path / "model/config.json").read_text())
  assert config["trained_on"].startswith("mean scores of 22 photographs")
  (tmp_path / "photos/2/02.jpg").write_text("no image either")
  code, _, err = paiaa("train", "scores.csv", "-o", "model")
  assert code == 2 and "3 of 24 photographs cannot be read, such as " in err


@pytest.mark.usefixtures("tiny_backbone")
@pytest.mark.parametrize(
  ("change", "arguments", "says"),
  [
    (lambda t: t.head(19), (), "at least 20 photographs, got 19; 200 or more are recommended"),
    (lambda t: t.with_columns(score=3), (), "every score is 3; a model learns from"),
    (lambda t: t.with_columns(score=3), ("--scale", 1, 5), "has the same score"),
    (lambda t: t.drop("score"), (), "needs a column `score`, or counts p1, p2"),
    (lambda t: t, ("--scale", 7, 1), "7 is not below 1"),
    (lambda t: t, ("--scale", 1, 5), "line 18: column 'score' holds 5.17, outside 1..5"),
    (lambda t: t, ("--outputs", "cold"), "no column 'cold'"),
    (lambda t: t, ("--outputs", "score"), "'score' stands there twice, or is taken"),
    (lambda t: t.with_columns(warmth=1), ("--outputs", "warmth"), "'warmth' is the same"),
    (lambda t: t, ("--photos", "elsewhere"), "24 of 24 photographs cannot be read, such"),
    (lambda t: t, ("-o", "photos"), "photos holds other files than a model's"),
    (lambda t: t, ("-o", "scores.csv"), "scores.csv is a file"),
  ],
)
def test_a_mistake_is_one_line(paiaa, labels, change, arguments, says):
  change(labels).write_csv("scores.csv")
  arguments = arguments if "-o" in arguments else ("-o", "model", *arguments)
  code, _, err = paiaa("train", "scores.csv", *arguments)
  assert code == 2 and says in err.splitlines()[-1] and "Traceback" not in err


@pytest.mark.usefixtures("tiny_backbone", "labels")
def test_too_many_photographs_are_refused_before_the_long_work(paiaa, monkeypatch):
  monkeypatch.setattr(train, "MOST", COUNT - 1)
  monkeypatch.setattr(train, "extract", pytest.fail)
  code, _, err = paiaa("train", "scores.csv", "-o", "model")
  assert code == 2 and "24 photographs are more than the 23" in err


def test_ratings_counts_and_means_are_the_same_labels(tmp_path):
  tables = {
    "ratings": "path,user,score\na.jpg,u,1\nb.jpg,u,4\na.jpg,v,2\nb.jpg,v,4\n",
    "distributions": "path,p1,p2,p3,p4\na.jpg,1,1,0,0\nb.jpg,0,0,0,2\n",
    "means": "path,score\na.jpg,1.5\nb.jpg,4\n",
  }
  for form, text in tables.items():
    (tmp_path / "t.csv").write_text(text)
    found = training_table.read(tmp_path / "t.csv", scale=(1, 4))
    assert found.form == form and found.scale == (1, 2, 3, 4) and found.notes == ()
    assert found.shares.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0, 1]]
    assert [path.name for path in found.paths] == ["a.jpg", "b.jpg"]
    assert len(found.only([1]).ratings) == (2 if form == "ratings" else 0)


def test_a_scale_that_is_not_given_holds_the_scores_and_is_said(tmp_path):
  for scores, scale in (((2.5, 6), range(1, 8)), ((-3, 1), range(-3, 2)), ((0, 1000), None)):
    (tmp_path / "t.csv").write_text("path,score\na.jpg,{}\nb.jpg,{}\n".format(*scores))
    found = training_table.read(tmp_path / "t.csv")
    assert found.scale == tuple(scale or np.linspace(0, 1000, 11))
    means = found.shares @ np.array(found.scale)
    np.testing.assert_allclose(means, scores)
    low, high = found.scale[0], found.scale[-1]
    assert f"the scale is taken to be from {low:g} to {high:g}" in found.notes[0]


def test_groups_are_a_column_or_the_folders_and_outputs_lie_in_their_range(tmp_path):
  text = "path,score,group,tone\na/1.jpg,1,x,0.5\na/2.jpg,2,y,-0.5\n"
  (tmp_path / "t.csv").write_text(text)
  found = training_table.read(tmp_path / "t.csv", outputs=["tone"])
  assert found.groups == ["x", "y"] and not found.by_folder
  assert found.aux.tolist() == [[0.5], [-0.5]] and len(found.notes) == 1
  (tmp_path / "t.csv").write_text(text.replace("group", "kind").replace("0.5", "5"))
  found = training_table.read(tmp_path / "t.csv", outputs=["tone"])
  assert found.by_folder and found.groups == [str(tmp_path / "a")] * 2
  assert found.aux.tolist() == [[1], [-1]] and "from -5 to 5" in found.notes[1]
  (tmp_path / "t.csv").write_text("path,user,score,group\na.jpg,u,1,x\na.jpg,v,2,y\n")
  with pytest.raises(UserError, match=r"line 3: photograph 'a.jpg' stands in another group above"):
    training_table.read(tmp_path / "t.csv")


def test_copies_of_a_photograph_are_held_out_together():
  random = np.random.default_rng(0)
  features, shares = random.normal(size=(40, 60)), random.dirichlet(np.ones(5), 40)
  twice = np.repeat(np.arange(20), 2)
  found = training_figures.measure(
    features[twice], shares[twice], (1, 2, 3, 4, 5), twice, lambda draws, number: draws
  )
  assert found["units"] == 20 and found["srocc"] < 0.5  # what is random cannot be told


def test_the_interval_holds_the_correlation_nineteen_times_in_twenty():
  random, rho, n = np.random.default_rng(0), 0.6, 60
  true, held = 6 / np.pi * np.arcsin(rho / 2), []  # Spearman's, of a bivariate normal
  for _ in range(1000):
    x, y = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n).T
    low, high = training_figures.interval(stats.spearmanr(x, y).statistic, n)
    held.append(low < true < high)
  assert 0.93 < np.mean(held) < 0.97
  assert training_figures.interval(1.0, n) is None and training_figures.interval(0.3, 3) is None
