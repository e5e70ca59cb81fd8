"""Who may ask, and how much: every request passes here before it reaches a route.

The page is for one person on this machine. A request needs the token of this run, a Host that is
ours (so no name that somebody points here, DNS rebinding) and an Origin that is ours, where one is
sent (so no other page). Bodies are small JSON, and actions come no faster than hands are.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

MOST_BODY = 64 << 10  # bytes of a request's body
MOST_QUERY = 4 << 10  # bytes of its path and of its query
A_SECOND, AT_ONCE = 40.0, 120.0  # posts a second that are answered for long, and in a burst
TOKEN_HEADER = b"x-paiaa-token"
POLICY = (
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
UNKNOWN = "Open the address that paiaa rate printed; it holds the token of this run."


class Refused(Exception):
  """status and, in a sentence, why."""

  def __init__(self, status: int, why: str):
    super().__init__(why)
    self.status, self.why = status, why


def is_loopback(host: str) -> bool:
  """Whether only this machine reaches the address."""
  if host == "localhost":
    return True
  try:
    return ipaddress.ip_address(host).is_loopback
  except ValueError:
    return False


class Door:
  """ASGI middleware; see the module.

  Args:
    app: what is behind it.
    token: of this run.
    host: that the server listens to.
    port: likewise.
  """

  def __init__(self, app: Any, token: str, host: str, port: int):
    self._app, self._token, self._port = app, token.encode(), port
    self.cookie = f"paiaa_{port}"
    names = {"127.0.0.1", "localhost"} if is_loopback(host) else {socket.gethostname().lower()}
    self._names = names | ({f"[{host}]"} if ":" in host else {host})
    self._any_address = not is_loopback(host)
    self._left, self._at = AT_ONCE, time.monotonic()

  async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
      await self._app(scope, receive, send)
      return
    if scope["type"] != "http":
      await send({"type": "websocket.close", "code": 1008})
      return
    try:
      headers = _headers(scope)
      self._check(scope, headers)
      if enters := self._enter(scope):
        await _answer(
          _guarded(send),
          303,
          [(b"location", b"/"), (b"set-cookie", enters), (b"content-length", b"0")],
        )
        return
      self._check_token(headers)
      if scope["method"] == "POST":
        self._take_turn()
      body = await _body(scope, headers, receive)
    except Refused as refused:
      await _refuse(_guarded(send), refused, scope["path"])
      return
    await self._app(scope, _replay(body, receive), _guarded(send))

  def _check(self, scope: Any, headers: dict[bytes, bytes]) -> None:
    if scope["method"] not in ("GET", "HEAD", "POST"):
      raise Refused(405, "Only GET and POST are answered.")
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if not self._is_ours(host):
      raise Refused(403, "This Host is not the one that was started.")
    origin = headers.get(b"origin")
    if origin is not None and origin.decode("latin-1").lower() != f"http://{host}":
      raise Refused(403, "A page of another origin may not ask.")
    if len(scope["query_string"]) > MOST_QUERY or len(scope.get("raw_path") or b"") > MOST_QUERY:
      raise Refused(414, "The address is too long.")

  def _is_ours(self, host: str) -> bool:
    name, _, port = host.rpartition(":")
    if port != str(self._port):
      return False
    return name in self._names or (self._any_address and _is_address(name))

  def _enter(self, scope: Any) -> bytes:
    """The cookie for whoever brings the token in the address of the page."""
    if scope["path"] != "/" or b"token" not in scope["query_string"]:
      return b""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    self._compare(query.get("token", [""])[0].encode())
    return f"{self.cookie}={self._token.decode()}; HttpOnly; SameSite=Strict; Path=/".encode()

  def _check_token(self, headers: dict[bytes, bytes]) -> None:
    if (given := headers.get(TOKEN_HEADER)) is None:
      try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
      except CookieError:
        cookies = SimpleCookie()
      given = cookies[self.cookie].value.encode() if self.cookie in cookies else b""
    self._compare(given)

  def _compare(self, given: bytes) -> None:
    if not hmac.compare_digest(given, self._token):
      raise Refused(401, UNKNOWN)

  def _take_turn(self) -> None:
    """Counts an action; Refused where they come too fast."""
    now = time.monotonic()
    self._left = min(AT_ONCE, self._left + A_SECOND * (now - self._at))
    self._at = now
    if self._left < 1:
      raise Refused(429, "Too many actions at once; wait a second.")
    self._left -= 1


def _is_address(name: str) -> bool:
  try:
    ipaddress.ip_address(name.strip("[]"))
  except ValueError:
    return False
  return True


def _headers(scope: Any) -> dict[bytes, bytes]:
  headers: dict[bytes, bytes] = {}
  for name, value in scope["headers"]:
    name = name.lower()
    if name in (b"host", b"origin", b"content-length", TOKEN_HEADER) and name in headers:
      raise Refused(400, "A header stands there twice.")
    headers[name] = headers[name] + b"; " + value if name in headers else value
  return headers


async def _body(scope: Any, headers: dict[bytes, bytes], receive: Any) -> bytes:
  """The whole body of a POST, bounded, and JSON by its header; nothing of any other request."""
  if scope["method"] != "POST":
    return b""
  kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
  if kind != b"application/json":
    raise Refused(415, "The body of a request is JSON.")
  length = headers.get(b"content-length", b"0")
  if length.isdigit() and int(length) > MOST_BODY:
    raise Refused(413, "The request is too large.")
  body, more = b"", True
  while more:
    message = await receive()
    if message["type"] == "http.disconnect":
      raise Refused(400, "The request ended early.")
    body, more = body + message.get("body", b""), message.get("more_body", False)
    if len(body) > MOST_BODY:
      raise Refused(413, "The request is too large.")
  return body


def _replay(body: bytes, receive: Any) -> Any:
  """What the app receives: the body that was read, then whatever comes."""
  messages = [{"type": "http.request", "body": body, "more_body": False}]

  async def received() -> Any:
    return messages.pop() if messages else await receive()

  return received


def _guarded(send: Any) -> Any:
  """Adds the headers to every answer; nothing is stored by whoever is between, or afterwards."""

  async def sent(message: Any) -> None:
    if message["type"] == "http.response.start":
      own = {name.lower() for name, _ in message.get("headers", [])}
      extra = [(k.encode(), v.encode()) for k, v in _HEADERS.items()]
      if b"cache-control" not in own:
        extra.append((b"cache-control", b"no-store"))
      message = {**message, "headers": [*message.get("headers", []), *extra]}
    await send(message)

  return sent


async def _refuse(send: Any, refused: Refused, path: str) -> None:
  if path.startswith("/api/"):
    kind, body = b"application/json", json.dumps({"error": refused.why}).encode()
  else:
    kind, body = b"text/plain; charset=utf-8", refused.why.encode()
  headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
  await _answer(send, refused.status, headers, body)


async def _answer(send: Any, status: int, headers: list, body: bytes = b"") -> None:
  await send({"type": "http.response.start", "status": status, "headers": headers})
  await send({"type": "http.response.body", "body": body})
