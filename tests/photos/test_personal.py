"""Personal scores come from the cache alone, and all that is told of them follows."""

import dataclasses
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paiaa_jax import distribution, files
from paiaa_jax.errors import UserError
from paiaa_jax.models import vector
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.personalization.given import Given, as_given
from paiaa_jax.personalization.learn import learn_profile
from paiaa_jax.personalization.likelihood import Choice
from paiaa_jax.personalization.posterior import Photographs, broad_prior
from paiaa_jax.photos import (
  explain,
  personal,
  prior_file,
  profile_file,
  rank,
  ratings,
  stars,
  verbs,
  xmp,
)
from paiaa_jax.photos.ratings import Ratings
from paiaa_jax.photos.score import Photo
from tests.photos.conftest import save_photo


@pytest.fixture
def scored(open_library, photos):
  return open_library(photos).scored()


@pytest.fixture
def profile(open_library, photos, scored):
  """Somebody who likes openness."""
  openness = vector.outputs_of(scored.vectors, open_library().model)[:, 0]
  values = np.clip(np.rint(3 + 2 * openness), 1, 5).tolist()
  return personal.learn(open_library(*scored.paths), Ratings(scored.paths, values, (1.0, 5.0)))


def described(scored, model):
  return personal.photographs_of(scored.vectors, scored.coordinates, model)


def test_scores_are_those_of_the_profile_in_the_order_of_the_library(scored, model, profile):
  photographs = described(scored, model)
  generic = distribution.mean_score(vector.distribution_of(scored.vectors, model), range(1, 6))
  np.testing.assert_allclose(photographs.generic, generic, rtol=1e-6)
  liked = vector.outputs_of(scored.vectors, model)[:, 0]
  assert np.corrcoef(profile.score(photographs) - generic, liked)[0, 1] > 0.8


def test_the_card_adds_up_to_the_score(open_library, photos, model, profile, scored, tmp_path):
  photo = next(open_library(photos / "03.jpg").photos())
  found = explain.sum_of(photo, model, profile)
  exact = profile.score(described(scored, model))[scored.paths.index(photo.path)]
  assert found.personal == pytest.approx(exact, rel=1e-5)
  assert found.generic + sum(added for *_, added in found.steps) == pytest.approx(exact, rel=1e-5)
  lines = explain.lines(photo.path, found)
  figures = [float(line[37:].split()[0]) for line in lines[2:]]
  assert sum(figures[:-1]) == pytest.approx(figures[-1], abs=0.005)
  outputs = vector.outputs_of(photo.vector, model)
  for name, value, weight in zip(model.aux_names, outputs, profile.weights, strict=True):
    line = next(line for line in lines if line.startswith(name))
    assert f"{value:+.3f} x {weight:+.3f}" in line and len(line) <= 80
  explain.draw(photo.path, found, "nobody", tmp_path / "card.png")
  assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")


def test_the_card_names_the_rated_photographs_that_pull_most(tmp_path):
  random = np.random.default_rng(0)
  paths = [save_photo(tmp_path / f"{i}.png", random, (64, 48)) for i in range(8)]
  rated = Photographs(np.full(8, 4.0), np.zeros((8, 0)), np.eye(8, dtype=np.float16) * 3)
  profile = learn_profile(
    rated, [5, 1, 3, 3, 3, 3, 3, 3], model_id="m", aux_names=(), scale=(1.0, 5.0)
  )
  digests = [f"{i:032x}" for i in range(8)]
  profile = dataclasses.replace(profile, digests=tuple(digests))
  model = ModelFolder(tmp_path, "m", 16, (1.0, 2.0, 3.0, 4.0, 5.0), (), {})
  for i, sign in ((0, 1), (1, -1)):
    photo = Photo(paths[i], np.full(5, 0.2, np.float32), coordinates=rated.coordinates[i])
    found = explain.sum_of(photo, model, profile, dict(zip(digests, paths, strict=True)))
    pull = max(found.pulls, key=lambda pull: abs(pull.added))
    assert pull.path == paths[i] and np.sign(pull.added) == sign
    assert f"{i}.png ({[5, 1][i]}:" in "\n".join(explain.lines(photo.path, found))
  explain.draw(photo.path, found, "", tmp_path / "card.png")
  assert (tmp_path / "card.png").stat().st_size > 10_000


def test_ranking_is_by_personal_score_with_its_interval(open_library, photos, profile):
  rows = rank.rank(open_library(photos), profile).rows
  scores = [row["personal_score"] for row in rows]
  assert scores == sorted(scores, reverse=True) and len(rows) == 20
  assert all(row["personal_low"] < row["personal_score"] < row["personal_high"] for row in rows)
  assert rows[0]["percentile"] == 100 and rows[-1]["percentile"] == 5


def test_within_bursts_the_best_take_of_each_comes_first(open_library, photos, profile):
  for name in ("00b.jpg", "01b.jpg"):  # beside its twin in the order of names
    (photos / name).write_bytes((photos / f"{name[:2]}.jpg").read_bytes())
  rows = rank.rank(open_library(photos), profile, within_bursts=True).rows
  assert [row["burst_place"] for row in rows] == [1] * 20 + [2] * 2
  assert len({row["burst"] for row in rows[:20]}) == 20


def test_a_contact_sheet_is_one_file_that_fetches_nothing(open_library, photos, profile, tmp_path):
  profile_file.save(profile, tmp_path / "me.json")
  (photos / "19.jpg").rename(photos / "19 <b>&.jpg")
  out = tmp_path / "top.html"
  verbs.rank(open_library(photos), tmp_path / "me.json", 0, False, None, out)
  page = out.read_text(encoding="utf-8")
  assert page.count('src="data:image/jpeg;base64,') == page.count("<img") == 20
  assert page.count('href="file:///') == 20 and page.count('<span class="more">place ') == 20
  assert "http" not in page and "<script" not in page and "19 &lt;b&gt;&amp;.jpg" in page
  scores = [float(score) for score in re.findall(r'"score">(-?[\d.]+)', page)]
  assert len(scores) == 20 and scores == sorted(scores, reverse=True)
  with pytest.raises(UserError, match=r"a page ends in \.html"):
    verbs.rank(open_library(photos), tmp_path / "me.json", 0, False, None, tmp_path / "top.pdf")


def test_the_best_are_copied_in_order_and_nothing_is_overwritten(
  open_library, photos, profile, tmp_path
):
  profile_file.save(profile, tmp_path / "me.json")
  out = tmp_path / "best"
  best = [row["path"] for row in rank.rank(open_library(photos), profile).rows[:3]]
  verbs.rank(open_library(photos), tmp_path / "me.json", 3, False, tmp_path / "r.csv", None, out)
  copies = sorted(out.iterdir())
  assert [path.name for path in copies] == [
    f"{place:03d} {Path(path).name}" for place, path in enumerate(best, 1)
  ]
  for path, copy in zip(best, copies, strict=True):
    assert copy.read_bytes() == Path(path).read_bytes()
  with pytest.raises(UserError, match="best is there already"):
    verbs.rank(open_library(photos), tmp_path / "me.json", 3, False, None, None, out)


def test_a_page_of_what_to_rate_tells_no_score(open_library, photos, tmp_path):
  verbs.suggest(open_library(photos), [], 6, tmp_path / "r.csv", tmp_path / "rate.html")
  page = (tmp_path / "rate.html").read_text(encoding="utf-8")
  rows = (tmp_path / "r.csv").read_text().splitlines()
  assert page.count("<img") == 6 and not re.search(r"\d\.\d", page.partition("</style>")[2])
  assert all(f"{Path(row.split(',')[0]).name}</span>" in page for row in rows[1:])


def test_a_page_by_the_score_of_people_in_general(open_library, photos, tmp_path):
  (photos / "bad.jpg").write_bytes(b"no image")
  verbs.score(open_library(photos), tmp_path / "s.csv", tmp_path / "top.html", 5)
  page = (tmp_path / "top.html").read_text(encoding="utf-8")
  assert page.count("<img") == 5 and "The 5 best of 20" in page and "bad.jpg" not in page
  scores = [float(score) for score in re.findall(r'"score">(-?[\d.]+)', page)]
  assert scores == sorted(scores, reverse=True)


def test_spreadsheets_with_semicolons_are_read(photos, tmp_path):
  (tmp_path / "r.csv").write_text("\ufeffpath;rating\r\nphotos/00.jpg;5\r\n", encoding="utf-8")
  assert ratings.read_table(tmp_path / "r.csv").values == [5.0]
  (tmp_path / "r.csv").write_text("path;rating\nphotos/00.jpg;4,5\n")
  assert ratings.read_table(tmp_path / "r.csv").values == [4.5]


def test_equal_scores_share_a_percentile():
  assert personal.percentiles([1.0, 2.0, 2.0, 3.0]).tolist() == [25, 75, 75, 100]


@pytest.mark.parametrize(
  "shares", [(1, 1, 1, 1, 1), (0, 5, 10, 5, 0), (10, 0, 0, 0, 10), (3, 0, 0, 0, 0)]
)
def test_stars_are_given_as_often_as_the_person_gives_them(profile, shares):
  given = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], shares)
  person = dataclasses.replace(profile, given=as_given(given))
  scores = np.random.default_rng(0).normal(size=20 * sum(shares))
  given = personal.predict_stars(scores, person)
  assert np.bincount(given, minlength=6)[1:].tolist() == [20 * share for share in shares]
  assert (np.diff(given[np.argsort(scores)]) >= 0).all()


def test_stars_are_told_first_and_written_if_asked(open_library, photos, profile, capsys, tmp_path):
  profile_file.save(profile, tmp_path / "me.json")
  xmp.write_predicted(photos / "05.jpg", 2)
  sidecar = photos / "05.jpg.xmp"
  sidecar.write_bytes(sidecar.read_bytes().replace(b'xmp:Rating="2"', b'xmp:Rating="5"'))
  images = {path: path.read_bytes() for path in photos.glob("*.jpg")}
  verbs.stars(open_library(photos), tmp_path / "me.json", write=False)
  assert "19 photographs" in capsys.readouterr().err
  assert len(list(photos.glob("*.xmp"))) == 1

  verbs.stars(open_library(photos), tmp_path / "me.json", write=True)
  assert len(list(photos.glob("*.xmp"))) == 20
  assert xmp.read_rating(photos / "05.jpg").human == 5
  assert all(path.read_bytes() == data for path, data in images.items())
  again = stars.plan(open_library(photos), profile)
  assert {plan.what for plan in again} == {"keep: same stars", "keep: rated by hand"}


def test_one_sidecar_holds_the_stars_of_one_photograph(open_library, photos, profile):
  twin = photos / "01.png"
  save_photo(twin, np.random.default_rng(1))
  xmp.write_predicted(photos / "01.jpg", 3)
  sidecar = (photos / "01.jpg.xmp").rename(photos / "01.xmp")
  before = sidecar.read_bytes()
  plans = stars.write(stars.plan(open_library(photos), profile))
  what = {plan.path.name: plan.what for plan in plans}
  assert what["01.jpg"] == "shares 01.xmp with 01.png"
  assert what["01.png"] == "shares 01.xmp with 01.jpg"
  assert what["02.jpg"] == "written" and sidecar.read_bytes() == before


def test_rated_photographs_are_known_however_they_are_spelt(
  open_library, photos, tmp_path, monkeypatch
):
  monkeypatch.chdir(tmp_path)
  rated = [photos / "00.jpg", Path("photos/../photos/01.jpg")]
  out = tmp_path / "next.csv"
  verbs.suggest(open_library(Path("photos")), rated, 20, out)
  rows = out.read_text().splitlines()[1:]
  assert sorted(rows) == [f"photos/{i:02d}.jpg," for i in range(2, 20)]


@pytest.mark.parametrize("name", ["no/such/s.csv", "s.xls"])
def test_where_nothing_can_be_suggested_nothing_is_scored(open_library, photos, tmp_path, name):
  library = open_library(photos)
  with pytest.raises(UserError, match=r"no such folder|ends in \.csv"):
    verbs.suggest(library, [], 3, tmp_path / name)
  assert not library.cache.exists()


def test_names_that_are_no_text_go_round(open_library, photos, tmp_path):
  odd = (photos / "00.jpg").rename(photos / os.fsdecode(b"na\xffme.jpg"))
  out = tmp_path / "next.csv"
  verbs.suggest(open_library(photos), [], 20, out)
  out.write_bytes(out.read_bytes().replace(b"me.jpg,", b"me.jpg,4"))
  assert ratings.read_table(out).paths == ratings.read_paths(out) == [odd]


def test_stars_of_names_that_are_no_text_are_reported(
  open_library, photos, profile, tmp_path, monkeypatch
):
  profile_file.save(profile, tmp_path / "me.json")
  (photos / "00.jpg").rename(photos / os.fsdecode(b"na\xffme.jpg"))
  strict = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
  monkeypatch.setattr(sys, "stdout", strict)
  verbs.stars(open_library(photos), tmp_path / "me.json", write=True)
  strict.flush()
  assert strict.buffer.getvalue().count(b",written\n") == 20


def test_a_table_that_cannot_be_finished_is_not_there(photos, tmp_path):
  def paths():
    yield "a.jpg"
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    ratings.write_table(paths(), tmp_path / "next.csv")
  assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_profile_of_another_model_is_learnt_anew_from_its_ratings(
  open_library, photos, profile, capsys
):
  other = dataclasses.replace(profile, model_id="0" * 16)
  found = rank.rank(open_library(photos), other)
  assert "learnt anew from 20 ratings of its 20 ratings" in capsys.readouterr().err
  assert found.rows == rank.rank(open_library(photos), profile).rows
  with pytest.raises(UserError, match=r"learnt with model 0000.*2 of its 20 photographs"):
    rank.rank(open_library(photos / "00.jpg", photos / "01.jpg"), other)


def test_ratings_are_read_with_their_faults_named(photos, tmp_path):
  table = tmp_path / "ratings.csv"
  table.write_text("path,rating\nphotos/00.jpg,5\nphotos/01.jpg,\nphotos/00.jpg,4\n")
  assert ratings.read_table(table) == Ratings([photos / "00.jpg"], [4.0], (1.0, 5.0))
  for text, fault in {
    "path,rating\nx.jpg,6\n": r"line 2: rating '6' is no number from 1 to 5",
    "path,rating\nx.jpg,good\n": "'good' is no number",
    "path,rating\nx.jpg,nan\n": "'nan' is no number",
    "path,rating\nphotos,5\n": r"line 2: .*photos is a folder",
    "path,rating\nphotos/00.jpg,5\ngone.jpg,4\n": r"line 3: .*gone\.jpg is not there",
    "path,taste\nx.jpg,3\n": "columns path, taste; it needs path and rating",
    "path,stars,score\nx.jpg,3,4\n": "columns stars and score",
    "path,rating,Rating\nx.jpg,3,4\n": "two columns have the same name",
  }.items():
    table.write_text(text)
    with pytest.raises(UserError, match=fault):
      ratings.read_table(table)


def test_suggestions_are_of_photographs_not_rated_yet(open_library, photos, tmp_path):
  done = {str((photos / "00.jpg").absolute())}
  chosen = rank.suggest(open_library(photos), done, 19)
  assert len(set(chosen)) == 19 and str(photos / "00.jpg") not in chosen


def test_cached_rescoring_needs_no_jax(model_path, photos, profile, open_library, tmp_path):
  profile_file.save(profile, tmp_path / "me.json")
  code = (
    "import sys\nfrom pathlib import Path\nfrom paiaa_jax.photos import verbs\n"
    "from paiaa_jax.photos.library import Library\n"
    f"library = Library.open([Path({str(photos)!r})], {str(model_path)!r},"
    f" cache=Path({str(tmp_path / 'cache.sqlite')!r}))\n"
    f"verbs.rank(library, Path({str(tmp_path / 'me.json')!r}), 3, False, None)\n"
    "assert 'jax' not in sys.modules and 'flax' not in sys.modules"
  )
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
  assert len(done.stdout.splitlines()) == 4


def test_a_saved_profile_comes_back(profile, scored, model, tmp_path):
  profile_file.save(profile, tmp_path / "me.json")
  found = profile_file.load(tmp_path / "me.json")
  photographs = described(scored, model)
  np.testing.assert_allclose(found.score(photographs), profile.score(photographs), rtol=1e-6)
  np.testing.assert_allclose(
    found.half_width(photographs), profile.half_width(photographs), rtol=1e-4
  )
  assert (found.worth, found.digests) == (profile.worth, profile.digests)
  np.testing.assert_array_equal(found.given.ratings, profile.given.ratings)
  assert "photos" not in (tmp_path / "me.json").read_text()


def test_rejections_and_choices_come_back_with_the_profile(scored, model, tmp_path):
  few = scored.take(range(6))
  ratings = np.array([5, 2, np.nan, np.nan, 4, np.nan])
  given = Given(ratings, np.arange(6) == 2, (Choice((0, 3)), Choice((4, 5, 1), takes=True)))
  profile = personal.learn_scored(few, given, model, (1.0, 5.0))
  profile_file.save(profile, tmp_path / "me.json")
  found = profile_file.load(tmp_path / "me.json")
  photographs = described(scored, model)
  np.testing.assert_allclose(found.score(photographs), profile.score(photographs), rtol=1e-6)
  assert found.given.choices == given.choices and found.given.rejected.tolist()[2]
  assert str(found.given) == "3 ratings, 1 rejection and 2 choices"
  assert [found.given.words(i) for i in (0, 2, 3)] == ["5", "rejected", "compared"]


def test_a_broken_profile_is_named(profile, tmp_path):
  path = tmp_path / "me.json"
  profile_file.save(profile, path)
  good = json.loads(path.read_text())
  for broken in (
    "not json",
    "[]",
    json.dumps({**good, "format": 1}),
    json.dumps({**good, "ratings": [1.0]}),
    json.dumps({**good, "ratings": [1e9, *good["ratings"][1:]]}),
    json.dumps({**good, "scale": [5, 1]}),
    json.dumps({**good, "extra": 1}),
    json.dumps({**good, "outputs": {**good["outputs"], "shape": [10**12, 5]}}),
    json.dumps({**good, "outputs": {**good["outputs"], "data": "AAAA"}}),
    json.dumps({**good, "prior": {**good["prior"], "log_noise": [1e300, 1]}}),
    json.dumps({**good, "prior": {**good["prior"], "covariance": [[-1.0] * 7] * 7}}),
  ):
    path.write_text(broken)
    with pytest.raises(UserError, match=r"me\.json cannot be read as a profile .*personalize"):
      profile_file.load(path)
  path.unlink()
  with pytest.raises(UserError, match=r"me\.json is missing; `paiaa personalize` writes one"):
    profile_file.load(path)


def test_a_prior_beside_a_model_is_read_and_its_faults_named(model, tmp_path):
  known = broad_prior((1.0, 5.0), 5)
  files.write_json(tmp_path / prior_file.NAME, prior_file.to_json(known))
  found = prior_file.of_model(model._replace(folder=tmp_path))
  np.testing.assert_array_equal(found.covariance, known.covariance)
  assert prior_file.of_model(model) is None  # a folder without
  files.write_json(tmp_path / prior_file.NAME, prior_file.to_json(broad_prior((1.0, 5.0), 2)))
  with pytest.raises(UserError, match=r"taste\.json .*5 outputs"):
    prior_file.of_model(model._replace(folder=tmp_path))
