"""What a request may be: its size, its time, its Origin; and how many came, by their answer."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse


class Counts:
  """Counters by name and labels, as Prometheus reads them."""

  def __init__(self) -> None:
    self._lock, self._counts = threading.Lock(), Counter[str]()

  def add(self, name: str, by: int = 1) -> None:
    """Counts `by` more of `name`, which may have labels: paiaa_requests_total{status="200"}."""
    with self._lock:
      self._counts[name] += by

  def text(self, **gauges: int) -> str:
    """All of them, a line each; gauges are of this moment."""
    with self._lock:
      lines = [f"{name} {value}" for name, value in sorted(self._counts.items())]
    lines += [f"paiaa_{name} {value}" for name, value in gauges.items()]
    return "\n".join(lines) + "\n"


class Limits:
  """ASGI middleware; see the module.

  Args:
    app: what is behind it.
    most: bytes of a body.
    seconds: in which a body is there.
    counts: where requests are counted.
  """

  def __init__(self, app: Any, most: int, seconds: float, counts: Counts):
    self._app, self._most, self._seconds, self._counts = app, most, seconds, counts

  async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
      await self._app(scope, receive, send)
      return

    async def sent(message: Any) -> None:
      if message["type"] == "http.response.start":
        self._counts.add(f'paiaa_requests_total{{status="{message["status"]}"}}')
      await send(message)

    headers = dict(scope["headers"])
    own = b"http://" + headers.get(b"host", b"").lower()
    length = headers.get(b"content-length", b"0")
    if headers.get(b"origin", own).lower() != own:
      refused = JSONResponse({"error": "a page of another origin may not ask."}, 403)
      await refused(scope, receive, sent)
    elif length.isdigit() and int(length) > self._most:
      refused = JSONResponse({"error": f"{self._too_large}."}, 413, {"connection": "close"})
      await refused(scope, receive, sent)
    else:
      await self._app(scope, self._bounded(receive), sent)

  @property
  def _too_large(self) -> str:
    return f"the request is larger than {self._most / (1 << 20):g} MiB"

  def _bounded(self, receive: Any) -> Any:
    size, until = 0, asyncio.get_running_loop().time() + self._seconds

    async def received() -> Any:
      nonlocal size
      try:
        async with asyncio.timeout_at(until):
          message = await receive()
      except TimeoutError:
        raise HTTPException(408, "the request was not there in time") from None
      size += len(message.get("body", b""))
      if size > self._most:
        raise HTTPException(413, self._too_large)
      return message

    return received
