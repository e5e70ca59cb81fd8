"""The verb `paiaa serve`: a model, and perhaps a profile, become a service for other programs."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import NamedTuple

from paiaa_jax import extras
from paiaa_jax.models.weights.model_folder import ModelFolder
from paiaa_jax.photos import personal, profile_file

WAITING = 1024  # photographs that may wait for the network; more are refused


class Asked(NamedTuple):
  """Options of the command; see the command."""

  host: str = "127.0.0.1"
  port: int = 8000
  profile: Path | None = None
  most_mib: int = 64
  seconds: float = 60.0
  batch_size: int = 32


def check() -> None:
  """Refuses, before any work, what is not installed."""
  for module in ("fastapi", "uvicorn", "python_multipart"):
    extras.require(module, "paiaa serve", "web")


def serve(model: ModelFolder, asked: Asked) -> None:
  """Serves until SIGTERM or Ctrl-C; requests under way are answered first."""
  profile = profile_file.load(asked.profile) if asked.profile else None
  if profile is not None:
    personal.check_model(profile, model)
  import uvicorn

  from paiaa_jax.serving import app
  from paiaa_jax.serving.scorer import Scorer
  from paiaa_jax.web.serve import bind

  bound = bind(asked.host, asked.port)  # a port in use is told before the network is compiled
  scorer = Scorer(model, asked.batch_size, asked.seconds, WAITING)
  config = uvicorn.Config(
    app.make(scorer, profile, asked.most_mib << 20, asked.seconds),
    log_level="warning",
    access_log=False,
    server_header=False,
    lifespan="off",
    ws="none",
    timeout_graceful_shutdown=int(asked.seconds) + 1,
  )
  host = f"[{asked.host}]" if ":" in asked.host else asked.host
  print(f"model {model.model_id} on http://{host}:{asked.port}/openapi.json", file=sys.stderr)
  server = uvicorn.Server(config)
  for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, server.handle_exit)  # uvicorn raises it again at its end: to no effect
  try:
    server.run(sockets=[bound])
  finally:
    scorer.end()
  print("stopped; what was under way is answered", file=sys.stderr)
