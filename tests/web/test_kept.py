"""What leaves the page is what the command makes of the same ratings, to the last digit."""

import json

import numpy as np
import pytest

from paiaa_jax.photos import personal, profile_file, ratings
from paiaa_jax.photos.library import Library
from paiaa_jax.web import kept
from paiaa_jax.web.session import is_database
from tests.web.conftest import rate, scored, settled

RATINGS = {9: 5, 0: 4, 3: 2, 15: 1, 7: 3, 11: 5, 2: -1, 19: 4}


@pytest.fixture
def rated(client):
  for number, value in RATINGS.items():
    assert rate(client, number, value, order="random").status_code == 200
  rate(client, 9, 4)  # a second thought: now the last one
  return client


def compare(client, numbers, best):
  key = f"pair-of-{numbers[0]}-{numbers[1]}"
  return client.post("/api/compare", json={"ids": numbers, "best": best, "key": key})


def exported(client, tmp_path, name):
  path = tmp_path / name.replace("/", "-")
  path.write_bytes(client.get(f"/api/export/{name}").content)
  return path


def learnt(room, found, tmp_path):
  """The profile that `paiaa personalize` writes of these ratings, as bytes."""
  library = Library(found.paths, room.collection.model, 8, cache=tmp_path / "cache.sqlite")
  profile_file.save(personal.learn(library, found), tmp_path / "command.json")
  return (tmp_path / "command.json").read_bytes()


def test_the_session_gives_the_page_s_profile(room, rated, tmp_path):
  assert compare(rated, [1, 4], 4).status_code == 200
  assert compare(rated, [5, 6, 9, 0], 9).json()["counts"]["comparisons"] == 2
  mine = rated.get("/api/export/profile.json").content
  session = exported(rated, tmp_path, "session")
  assert is_database(session)
  assert learnt(room, kept.read(session), tmp_path) == mine
  profile = profile_file.load(tmp_path / "command.json")
  assert profile.given.amounts == (7, 1, 2)


def test_the_table_of_ratings_gives_the_page_s_profile(room, rated, tmp_path):
  table = exported(rated, tmp_path, "ratings.csv")
  assert table.read_text().splitlines()[-1].endswith("/09.jpg,4")
  mine = rated.get("/api/export/profile.json").content
  assert learnt(room, ratings.read_table(table), tmp_path) == mine


def test_a_session_that_was_kept_goes_on_in_another_folder(
  open_room, rated, photos, tmp_path, serve, capsys
):
  session = exported(rated, tmp_path, "session")
  photos.rename(tmp_path / "moved")
  assert len(kept.read(session).paths) == 0 and "8 photographs" in capsys.readouterr().err
  moved = scored(open_room(tmp_path / "moved", session="session"))
  assert serve(moved).get("/api/photos").json()["rating"] == [
    {**RATINGS, 9: 4}.get(number) for number in range(20)
  ]
  assert len(kept.read(session).paths) == 8


def test_a_profile_to_start_from_ranks_at_once_and_counts_beside_ratings(
  room, rated, photos, open_room, serve, tmp_path
):
  start = exported(rated, tmp_path, "profile.json")
  for number in (0, 3, 7):  # of these and other photographs
    (photos / f"{number:02d}.jpg").unlink()
  second = open_room(photos, session="second.session")
  second.session.start_from(start.read_bytes())
  second.end()
  second = scored(open_room(photos, session="second.session"))
  client, before = serve(second), profile_file.load(start)
  settled(client)
  assert second.refit.view.profile.given.amounts == before.given.amounts == (7, 1, 0)
  np.testing.assert_allclose(
    second.refit.view.personal, np.delete(room.refit.view.personal, [0, 3, 7]), atol=1e-5
  )
  rate(client, 6, 1)  # 09.jpg, which was a four
  rate(client, 1, 2)  # 02.jpg, which was rejected
  settled(client)
  assert second.refit.view.profile.given.amounts == (8, 0, 0)
  assert sorted(second.refit.view.learnt_from) == [-1] * 6 + [1, 6]
  mine = client.get("/api/export/profile.json").content
  session = exported(client, tmp_path, "session")
  assert learnt(second, kept.read(session), tmp_path) == mine


def test_stars_are_told_first_and_are_those_of_the_command(room, rated, photos):
  settled(rated)
  told = rated.post("/api/stars", json={"ids": None, "write": False}).json()
  assert told["written"] == 0 and len(told["rows"]) == 20 and not list(photos.glob("*.xmp"))
  scores = rated.get("/api/scores").json()
  assert [row["stars"] for row in told["rows"]] == scores["stars"]
  done = rated.post("/api/stars", json={"ids": [3, 4, 3], "write": True}).json()
  assert done["written"] == 2
  assert sorted(path.name for path in photos.glob("*.xmp")) == ["03.jpg.xmp", "04.jpg.xmp"]


def test_copies_are_numbered_from_the_best_and_nothing_is_written_over(room, rated, tmp_path):
  settled(rated)
  best = [one["id"] for one in rated.get("/api/best?count=2").json()["best"]]
  told = rated.post("/api/copy", json={"count": 2}).json()
  assert [row["id"] for row in told["rows"]] == best and not (tmp_path / "best").exists()
  assert rated.post("/api/copy", json={"count": 2, "write": True}).json()["written"] == 2
  again = rated.post("/api/copy", json={"ids": best, "write": True}).json()
  names = [f"{place:03d} {number:02d}.jpg" for place, number in enumerate(best, start=1)]
  for folder in ("best", "best-2"):
    assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
  assert again["rows"][0]["to"] == str(tmp_path / "best-2" / names[0])


def test_before_there_is_a_profile_nothing_is_made_of_it(client):
  for path, body in (("stars", {}), ("copy", {})):
    assert client.post(f"/api/{path}", json=body).status_code == 409
  assert client.get("/api/export/profile.json").status_code == 409
  assert client.get("/api/export/ratings.csv").text == "path,rating\n"
  assert json.loads(client.get("/api/taste").content)["verdict"] == "not clear yet"
