"""The verb `paiaa rate`: a folder, a session and a port become a page on this machine."""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import NamedTuple

from paiaa_jax import extras
from paiaa_jax.errors import UserError
from paiaa_jax.files import read_bytes
from paiaa_jax.photos import cache as caches
from paiaa_jax.photos import personal, profile_file
from paiaa_jax.photos.library import Library
from paiaa_jax.photos.verbs import tell
from paiaa_jax.web.security import is_loopback

SEEN_BY_OTHERS = "--i-know-that-others-can-see-my-photographs"


class Asked(NamedTuple):
  """Options of the command; `session` and `copy_to` None: the usual places."""

  profile: Path | None = None
  session: Path | None = None
  copy_to: Path | None = None
  host: str = "127.0.0.1"
  port: int = 0
  open_browser: bool = True
  seen_by_others: bool = False


def check(host: str, seen_by_others: bool) -> None:
  """Refuses, before any work, what is not installed, and an address that others reach."""
  for module in ("fastapi", "uvicorn"):
    extras.require(module, "paiaa rate", "web")
  if not is_loopback(host) and not seen_by_others:
    raise UserError(
      f"--host={host} is reached from other machines: whoever has the address that is printed sees "
      f"all photographs of the folder, and what is sent can be read on the way. If so: "
      f"{SEEN_BY_OTHERS}"
    )


def session_of(root: Path) -> Path:
  """Where a folder's session is kept: in the user's data folder, by the folder's place."""
  base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
  real = root.resolve()
  place = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
  return Path(base) / "paiaa" / "sessions" / f"{real.name}-{place}.session"


def serve(library: Library, asked: Asked) -> None:
  """Shows the page until it is stopped; prints its address once it answers."""
  import uvicorn

  from paiaa_jax.web import app
  from paiaa_jax.web.room import Room
  from paiaa_jax.web.session import Session

  (root,) = library.paths
  if not root.is_dir():
    raise UserError(f"{root}: no such folder.")
  session = Session(asked.session or session_of(root))
  if asked.profile:
    personal.check_model(profile_file.load(asked.profile), library.model)
    session.start_from(read_bytes(asked.profile))
  thumbnails = Path(library.cache or caches.default_path()).expanduser().parent / "thumbnails"
  real = root.resolve()
  copy_to = asked.copy_to or real.with_name(f"{real.name}-best")
  room = Room(library, session, thumbnails, copy_to)
  bound = bind(asked.host, asked.port)
  port, token = bound.getsockname()[1], secrets.token_urlsafe(32)
  config = uvicorn.Config(
    app.make(room, token, asked.host, port)[0],
    log_level="warning",
    access_log=False,
    server_header=False,
    lifespan="off",
    ws="none",
    timeout_graceful_shutdown=2,
  )
  server = uvicorn.Server(config)
  room.events.is_over = lambda: server.should_exit
  print(f"your ratings are kept in {session.path}", file=sys.stderr)
  host = f"[{asked.host}]" if ":" in asked.host else asked.host
  _greet(f"http://{host}:{port}/?token={token}", asked.open_browser)
  room.start()
  try:
    server.run(sockets=[bound])
  finally:
    if not room.end():  # XLA compiles, say; the interpreter's end would abort in its midst
      code = 130 if isinstance(sys.exception(), KeyboardInterrupt) else 143
      atexit.register(os._exit, code)
    session.close()


def _greet(address: str, open_browser: bool) -> None:
  tell(address)
  if open_browser:  # one without windows would hold this thread
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def bind(host: str, port: int) -> socket.socket:
  """A socket that listens there; a UserError where it may not, as where the port is in use."""
  family = socket.AF_INET6 if ":" in host else socket.AF_INET
  bound = socket.socket(family, socket.SOCK_STREAM)
  bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  try:
    bound.bind((host, port))
    bound.listen()  # from here on whoever asks is answered, if a moment later
  except (OSError, OverflowError) as error:
    bound.close()
    reason = getattr(error, "strerror", None) or str(error)
    raise UserError(f"cannot listen on {host}:{port} ({reason}).") from error
  return bound
