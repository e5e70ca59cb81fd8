"""What comes next, and what may judge the scores."""

import numpy as np

from paiaa_jax.personalization import left_out
from paiaa_jax.web import orders, taste
from paiaa_jax.web.marks import Action, Marks
from paiaa_jax.web.verdict import FIRST
from tests.web.conftest import rate, settled, wait_until


def test_a_share_of_the_library_is_set_aside_by_content():
  digests = [bytes(row) for row in np.random.default_rng(0).integers(0, 256, (4000, 16), np.uint8)]
  aside = [orders.is_judge(digest, 7, 0.1) for digest in digests]
  assert 330 < sum(aside) < 470  # five deviations
  other = [orders.is_judge(digest, 8, 0.1) for digest in digests]
  assert 20 < np.sum(np.logical_and(aside, other)) < 65  # another session, another tenth
  assert (orders.share_of(0), orders.share_of(100), orders.share_of(10**4)) == (0.5, 0.4, 0.1)


def test_a_judge_is_never_chosen_by_a_score_but_shown_among_others(room, client):
  for number in (0, 5, 10):
    rate(client, number, 1 + number // 5, order="folder")
  settled(client)
  judges = set(np.flatnonzero(room.orders.judges()).tolist())
  assert judges
  wait_until(lambda: client.get("/api/next").json()["order"] == "suggest")
  for order in ("suggest", "unsure"):
    found = client.get(f"/api/next?order={order}&count=200").json()
    assert found["order"] == order and set(found["judged"]) == judges - {0, 5, 10}
    shown = [number in judges for number in found["ids"]]
    assert sum(shown[:4]) == 1 and sum(shown[4:8]) == 1  # one in four, at a random place
  assert not set(room.orders._suggestions._batch) & judges


def test_the_widest_interval_and_the_largest_gap_come_first(room, client):
  for number, value in enumerate([1, 5, 1, 5, 3]):
    rate(client, number, value)
  settled(client)
  scores = client.get("/api/scores").json()
  found = client.get("/api/next?order=unsure&count=200").json()
  chosen = [number for number in found["ids"] if number not in found["judged"]]
  width = [scores["high"][number] - scores["low"][number] for number in chosen]
  assert width == sorted(width, reverse=True) and len(width) > 3
  gap = [abs(v - scores["personal"][i]) for i, v in enumerate([1, 5, 1, 5, 3])]
  ids = client.get("/api/next?order=disagreed&count=200").json()["ids"]
  assert ids == sorted(range(5), key=lambda i: -gap[i])


def test_folder_goes_on_behind_and_round_again(client):
  rate(client, 4, 3)
  ids = client.get("/api/next?order=folder&count=200&after=2").json()["ids"]
  assert ids == [3, *range(5, 20), 0, 1, 2]


def test_milestones_are_of_what_stands(monkeypatch):
  marks = Marks()
  for number in range(1, FIRST + 3):
    marks.add(number, Action(f"key-{number}", "rate", (bytes([number] * 16),), 3, None, "random"))
  assert set(marks.when(FIRST).ratings) == {bytes([number] * 16) for number in range(1, FIRST + 1)}
  marks.add(FIRST + 3, Action("undo", "undo", undoes=2))
  assert bytes([2] * 16) not in marks.when(FIRST).ratings and len(marks.when(FIRST).ratings) == 10


def test_the_verdict_is_on_photographs_that_no_score_chose(room, client):
  for number in range(12):  # four of them shown at random, of which one is cleared
    rate(client, number, 1 + number % 5, order="random" if number < 4 else "grid")
  settled(client)
  wait_until(lambda: client.get("/api/taste").json()["curve"])
  told = client.get("/api/taste").json()
  assert [point["ratings"] for point in told["curve"]] == [10] and told["next"] == 20
  assert told["curve"][0]["photographs"] == 4 < left_out.FEWEST
  assert told["verdict"] == "not clear yet" and f"it takes {left_out.FEWEST}" in told["sentence"]
  assert told["sentence"].startswith(taste.ASKED)
  best = client.get("/api/best?count=3").json()["best"]
  assert all(1 <= one["rank_low"] <= one["rank_high"] <= 20 for one in best)
