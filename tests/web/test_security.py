"""Each line of what keeps the page to its user is a test."""

import http.client
import os
import socket

import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.web import security
from paiaa_jax.web import serve as serving
from tests.photos.conftest import save_photo
from tests.web.conftest import TOKEN, rate, scored, wait_until

SECRET = b"what nobody outside of the folder may read"


def ask(client, path, method="GET", body=None, **headers):
  """(status, headers, body) of a request of which every byte is ours; no token is added."""
  host, port = client.base.removeprefix("http://").split(":")
  connection = http.client.HTTPConnection(host, int(port), timeout=30)
  connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
  given = {"Host": f"127.0.0.1:{port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
  for name, value in given.items():
    connection.putheader(name, value.replace("PORT", port))
  connection.endheaders(body)
  answer = connection.getresponse()
  told = answer.status, dict(answer.getheaders()), answer.read()
  connection.close()
  return told


def test_the_token_in_the_address_becomes_a_cookie_that_no_other_site_sends(shared):
  status, headers, _ = ask(shared, f"/?token={TOKEN}")
  name = f"paiaa_{shared.base.rpartition(':')[2]}"
  assert status == 303 and headers["location"] == "/"
  assert headers["set-cookie"] == f"{name}={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
  assert ask(shared, "/", Cookie=f"{name}={TOKEN}")[0] == 200
  assert ask(shared, "/", Cookie=f"other={TOKEN}")[0] == 401


@pytest.mark.parametrize(
  "path", ["/", "/?token=", "/?token=wrong", "/static/index.html", "/api/state", "/api/thumb/1"]
)
def test_without_the_token_nothing_is_answered(shared, path):
  for headers in ({}, {"X_Paiaa_Token": "wrong"}, {"X_Paiaa_Token": "tokén"}):
    status, _, body = ask(shared, path, **headers)
    assert status == 401 and security.UNKNOWN.encode() in body


@pytest.mark.parametrize(
  "host", ["evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:PORT", ""]
)
def test_a_name_that_somebody_points_here_is_refused(shared, host):
  assert ask(shared, "/api/state", Host=host, X_Paiaa_Token=TOKEN)[0] == 403
  assert ask(shared, f"/?token={TOKEN}", Host=host)[0] == 403


@pytest.mark.parametrize(
  "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:PORT"]
)
def test_a_page_of_another_origin_may_not_ask(shared, origin):
  assert ask(shared, "/api/state", X_Paiaa_Token=TOKEN, Origin=origin)[0] == 403
  assert ask(shared, "/api/state", X_Paiaa_Token=TOKEN, Origin="http://127.0.0.1:PORT")[0] == 200


def test_every_answer_says_what_a_page_may_do(shared):
  for path in (f"/?token={TOKEN}", "/", "/api/state", "/api/thumb/0", "/nowhere", "/static/none"):
    _, headers, _ = ask(shared, path, X_Paiaa_Token=TOKEN)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer" and "cache-control" in headers
  assert "access-control-allow-origin" not in {name.lower() for name in headers}


def test_a_body_is_json_small_and_sent_by_a_script(shared):
  post = {"method": "POST", "X_Paiaa_Token": TOKEN}
  body = b'{"key": "a-key-of-its-own"}'
  length = {"Content_Length": str(len(body))}
  for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
    assert ask(shared, "/api/undo", body=body, Content_Type=kind, **post, **length)[0] == 415
  json = {"Content_Type": "application/json"}
  assert ask(shared, "/api/undo", body=body, **json, **post, **length)[0] == 200
  large = b'{"key": "' + b"a" * security.MOST_BODY + b'"}'
  length = {"Content_Length": str(len(large))}
  assert ask(shared, "/api/undo", body=large, **json, **post, **length)[0] == 413
  assert ask(shared, f"/api/state?{'a' * security.MOST_QUERY}b", X_Paiaa_Token=TOKEN)[0] == 414


def test_a_body_that_says_no_length_is_bounded_too(shared):
  pieces = b"".join(b"1000\r\n" + b" " * 4096 + b"\r\n" for _ in range(20)) + b"0\r\n\r\n"
  told = ask(
    shared, "/api/undo", "POST", pieces, X_Paiaa_Token=TOKEN, Content_Type="application/json",
    Transfer_Encoding="chunked",
  )  # fmt: skip
  assert told[0] == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_other_methods_are_not_answered(shared, method):
  assert ask(shared, "/api/state", method, X_Paiaa_Token=TOKEN)[0] == 405


def test_actions_come_no_faster_than_hands_are(client, monkeypatch):
  monkeypatch.setattr(security, "A_SECOND", 0.01)
  told = [rate(client, 1, 3, "the-same-key-again").status_code for _ in range(130)]
  assert told[:100] == [200] * 100 and told[-1] == 429
  assert client.get("/api/state").status_code == 200


@pytest.mark.parametrize(
  "path",
  [
    "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2fapp.py",
    "/static/..%5capp.py", "/static/%252e%252e/app.py", "/static//etc/passwd", "/static/%00",
    "/../../../../etc/passwd", "/static/....//app.py", "/api/thumb/../../../secret.txt",
    "/api/thumb/%2e%2e%2fsecret.txt", "/api/image/..%2f..%2fsecret.txt", "/api/thumb/-1",
    "/api/thumb/1%00.txt", "/api/thumb/1e1", "/api/thumb/99999999999999999999999", "/static/",
    "/static", "/api/", "/api/export/../../secret.txt", "/photos/00.jpg", "/00.jpg", "/file:///etc",
  ],
)  # fmt: skip
def test_no_path_leads_anywhere_and_no_folder_is_listed(shared, path):
  status, _, body = ask(shared, path, X_Paiaa_Token=TOKEN)
  assert 400 <= status < 500
  assert SECRET not in body and b"root:" not in body and b"import" not in body


def test_a_link_that_leads_outside_is_neither_shown_nor_scored(open_room, serve, photos, tmp_path):
  random = np.random.default_rng(9)
  outside = tmp_path / "outside"
  outside.mkdir()
  save_photo(outside / "private.jpg", random)
  (photos / "00.jpg").unlink()
  (photos / "00.jpg").symlink_to(outside / "private.jpg")
  (photos / "01.jpg").unlink()
  (photos / "01.jpg").symlink_to(photos / "02.jpg")  # stays inside
  client = serve(scored(open_room(photos)))
  state = client.get("/api/state").json()
  assert [bad["name"] for bad in state["bad"]] == ["00.jpg"] and state["ready"] == 19
  for what in ("thumb", "image", "details"):
    assert client.get(f"/api/{what}/0").status_code == 404
    assert client.get(f"/api/{what}/1").status_code == 200
  assert rate(client, 0, 5).status_code == 409


def test_a_photograph_that_becomes_a_link_is_not_followed(room, client, photos, tmp_path):
  save_photo(tmp_path / "private.jpg", np.random.default_rng(9))
  for number in (2, 3):
    (photos / f"{number:02d}.jpg").unlink()
    (photos / f"{number:02d}.jpg").symlink_to(tmp_path / "private.jpg")
  assert client.get("/api/image/2").status_code == 409
  assert client.get("/api/image/2?size=full").status_code == 409
  for number, value in enumerate([1, 3, 5], start=5):
    rate(client, number, value)
  wait_until(lambda: room.refit.view.profile)
  for path in ("copy", "stars"):
    told = client.post(f"/api/{path}", json={"ids": [3], "write": True})
    assert told.status_code == 409 and "outside" in told.json()["error"]


def test_a_pipe_among_the_photographs_is_not_waited_for(open_room, serve, photos):
  (photos / "00.jpg").unlink()
  os.mkfifo(photos / "00.jpg")
  client = serve(scored(open_room(photos)))
  assert client.get("/api/thumb/0").status_code == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.org"])
def test_an_address_that_others_reach_needs_words(host):
  with pytest.raises(UserError, match=serving.SEEN_BY_OTHERS):
    serving.check(host, seen_by_others=False)
  serving.check(host, seen_by_others=True)
  for ours in ("127.0.0.1", "localhost", "::1", "127.8.9.1"):
    serving.check(ours, seen_by_others=False)


def test_a_door_to_others_takes_addresses_and_no_names_of_others():
  door = security.Door(None, TOKEN, "0.0.0.0", 80)
  assert door._is_ours("192.168.1.2:80") and door._is_ours(f"{socket.gethostname().lower()}:80")
  assert not door._is_ours("evil.example:80") and not door._is_ours("192.168.1.2:81")
