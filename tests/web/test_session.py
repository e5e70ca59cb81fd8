"""One file of actions: appended, told apart by their keys, the same to all who have it open."""

import sqlite3
import threading

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.web.events import Events
from paiaa_jax.web.marks import Action
from paiaa_jax.web.session import SameKey, Session
from tests.web.conftest import rate, wait_until

ONE, TWO = b"1" * 16, b"2" * 16


def test_the_last_of_two_who_rate_counts_and_both_see_it(tmp_path):
  first, second = Session(tmp_path / "a"), Session(tmp_path / "a")
  first.append(Action("key-of-1", "rate", (ONE,), 2))
  second.append(Action("key-of-2", "rate", (ONE,), 5))
  assert first.catch_up() and not second.catch_up()
  assert first.marks().ratings[ONE].value == second.marks().ratings[ONE].value == 5
  second.append(Action("key-of-3", "undo"))
  first.append(Action("key-of-4", "undo"))  # of the other's too
  assert not first.marks().ratings and first.seed == second.seed
  first.close(), second.close()


def test_many_at_once_lose_nothing_and_double_nothing(tmp_path):
  sessions = [Session(tmp_path / "a") for _ in range(2)]

  def press(which):
    for number in range(40):
      action = Action(f"key-{which % 4}-{number}", "rate", (bytes([number] * 16),), 1 + which % 4)
      sessions[which % 2].append(action)

  threads = [threading.Thread(target=press, args=(which,)) for which in range(8)]
  [thread.start() for thread in threads]
  [thread.join() for thread in threads]
  [session.catch_up() for session in sessions]
  assert sessions[0].marks().ratings == sessions[1].marks().ratings
  assert sessions[0].revision == 160 and len(sessions[0].marks().ratings) == 40
  with pytest.raises(SameKey):
    sessions[0].append(Action("key-0-0", "rate", (ONE,), 5))
  [session.close() for session in sessions]


def test_it_is_on_the_disk_before_it_is_answered(tmp_path):
  session = Session(tmp_path / "a")
  assert session._base.execute("pragma synchronous").fetchone() == (2,)  # FULL
  assert session._base.execute("pragma journal_mode").fetchone() == ("wal",)
  session.append(Action("key-of-1", "rate", (ONE,), 2))
  with sqlite3.connect(tmp_path / "a") as other:
    assert other.execute("select key from actions").fetchall() == [("key-of-1",)]
  other.close(), session.close()


@pytest.mark.parametrize(
  "data", [b"no database at all, but long enough to be read as one" * 20, b"x"]
)
def test_a_file_that_is_no_session_is_named_and_stays(tmp_path, data):
  (tmp_path / "a").write_bytes(data)
  with pytest.raises(UserError, match="is no session"):
    Session(tmp_path / "a")
  assert (tmp_path / "a").read_bytes() == data


def test_another_program_s_database_is_named_and_stays(tmp_path):
  with sqlite3.connect(tmp_path / "a") as other:
    other.execute("create table actions (id integer)")
  other.close()
  before = (tmp_path / "a").read_bytes()
  with pytest.raises(UserError, match="is no session"):
    Session(tmp_path / "a")
  assert (tmp_path / "a").read_bytes() == before
  with pytest.raises(UserError, match="is a folder"):
    Session(tmp_path)


def test_another_page_sees_an_action_within_a_second(client):
  with client.get("/api/events", stream=True) as answer:
    lines = answer.iter_lines(chunk_size=1)
    assert next(lines) == b"event: change" and b'"revision":0' in next(lines)
    rate(client, 3, 4)
    told = b"".join(line for line, _ in zip(lines, range(3), strict=False))
    assert b'"revision":1' in told


def test_a_second_server_of_the_session_is_seen(open_room, photos, serve):
  first, second = (open_room(photos) for _ in range(2))
  first.start(), second.start()
  rate(serve(first), 3, 4)
  wait_until(lambda: second.session.revision == 1, 5)
  assert second.photos()["rating"][3] == 4


def test_events_hold_a_bounded_number_of_pages():
  events = Events(dict)
  events._pages = {object() for _ in range(40)}
  assert events.is_full
