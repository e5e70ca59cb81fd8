"""Every address of the page, on twenty photographs."""

import numpy as np
import pytest

from tests.web.conftest import rate, scored, settled, wait_until

RATINGS = {0: 5, 3: 4, 5: 1, 8: 2, 11: 3, 13: 5, 17: -1}


def test_a_rating_changes_the_state_and_the_order(client):
  state = client.get("/api/state").json()
  assert (state["n"], state["ready"], state["bad"]) == (20, 20, [])
  generic = [one["id"] for one in client.get("/api/best").json()["best"]]
  for number, value in RATINGS.items():
    told = rate(client, number, value, pick=number == 3)
    assert told.status_code == 200
  assert told.json()["counts"] == {"rated": 6, "rejected": 1, "picked": 1, "comparisons": 0}
  settled(client)
  photos = client.get("/api/photos").json()
  assert {i: v for i, v in enumerate(photos["rating"]) if v is not None} == RATINGS
  assert np.flatnonzero(photos["pick"]).tolist() == [3]
  best = client.get("/api/best").json()
  assert best["by"] == "personal" and [one["id"] for one in best["best"]] != generic
  scores = client.get("/api/scores").json()
  ranked = [scores["personal"][one["id"]] for one in best["best"]]
  assert len(ranked) == 20 and ranked == sorted(ranked, reverse=True)
  assert client.get("/api/state").json()["position"] == 17


def test_parts_add_up_to_the_score(client):
  assert client.get("/api/explain/4").status_code == 409
  for number, value in RATINGS.items():
    rate(client, number, value)
  settled(client)
  told = client.get("/api/explain/4").json()
  total = told["generic"] + sum(part["value"] for part in told["parts"]) + told["level"]
  assert total == pytest.approx(told["personal"], abs=1e-9)
  assert told["personal"] == pytest.approx(
    client.get("/api/scores").json()["personal"][4], abs=1e-3
  )


def test_undo_gives_back_what_was_and_shows_the_photograph(client):
  rate(client, 4, 2)
  rate(client, 4, 5)
  told = client.post("/api/undo", json={"key": "undo-of-the-five"}).json()
  assert told["id"] == 4 and client.get("/api/photos").json()["rating"][4] == 2
  assert client.post("/api/undo", json={"key": "undo-of-the-five"}).json() == told
  assert client.post("/api/undo", json={"key": "undo-of-the-two"}).json()["counts"]["rated"] == 0
  assert client.post("/api/undo", json={"key": "undo-of-nothing"}).json()["id"] is None


def test_the_same_key_is_stored_once_and_is_no_other_action(client):
  first = rate(client, 4, 2, "a-key-of-its-own").json()
  assert rate(client, 4, 2, "a-key-of-its-own").json() == first
  assert rate(client, 4, 3, "a-key-of-its-own").status_code == 409
  assert client.get("/api/photos").json()["rating"][4] == 2


def test_files_of_the_same_content_share_a_rating(open_room, photos, serve):
  (photos / "04-copy.jpg").write_bytes((photos / "04.jpg").read_bytes())
  client = serve(scored(open_room(photos)))
  names = client.get("/api/photos").json()["name"]
  same = {names.index("04.jpg"), names.index("04-copy.jpg")}
  assert set(rate(client, max(same), 3).json()["ids"]) == same
  ratings = client.get("/api/photos").json()["rating"]
  assert {i for i, value in enumerate(ratings) if value} == same


@pytest.mark.parametrize("order", ["suggest", "folder", "random", "unsure"])
def test_what_comes_next_is_not_rated_yet(client, order):
  for number, value in RATINGS.items():
    rate(client, number, value)
  settled(client)
  found = client.get(f"/api/next?order={order}&count=200").json()["ids"]
  assert found and len(set(found)) == len(found) and not set(found) & RATINGS.keys()


def test_scoring_ends_with_the_page(open_room, photos):
  room = open_room(photos, batch_size=1)
  room.start()
  wait_until(lambda: room.collection.scored.any())
  assert room.end() and not room.collection.is_scored


def test_pictures_are_upright_jpegs_that_are_kept(client):
  found = client.get("/api/thumb/3?size=160")
  assert found.content.startswith(b"\xff\xd8")
  assert found.headers["cache-control"] == "private, no-cache"  # numbers are of one run
  same = client.get("/api/thumb/3?size=160", headers={"if-none-match": found.headers["etag"]})
  assert same.status_code == 304
  assert client.get("/api/image/3").status_code == 200
  assert client.get("/api/image/3?size=full").status_code == 200
  details = client.get("/api/details/3").json()
  assert (details["width"], details["height"]) == (48, 36)
  assert sum(details["histogram"]["r"]) == 48 * 36


@pytest.mark.parametrize(
  "path", ["/api/thumb/20", "/api/image/20", "/api/details/20", "/api/explain/20"]
)
def test_a_number_that_is_none_is_told(shared, path):
  answer = shared.get(path)
  assert answer.status_code == 404 and "no photograph" in answer.json()["error"]
