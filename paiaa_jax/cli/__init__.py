"""The command `paiaa`: a thin function a verb, each in a file of its name."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from paiaa_jax import extras
from paiaa_jax.cli import (
  demo,
  doctor,
  explain,
  export,
  personalize,
  rank,
  rate,
  score,
  serve,
  stars,
  suggest,
  train,
)
from paiaa_jax.errors import UserError
from paiaa_jax.files import expand_home, refuse_addresses, refused_file

VERBS = (  # in the order of the help
  score.score,
  suggest.suggest,
  personalize.personalize,
  rank.rank,
  explain.explain,
  stars.stars,
  rate.rate,
  serve.serve,
  train.train,
  demo.demo,
  doctor.doctor,
  export.export,
)
STOPPED = 130  # what typer makes of Ctrl-C
TERMINATED = 143  # 128 + SIGTERM
KEPT = "what was scored is kept, the same command goes on from here."

app = typer.Typer(
  help="How beautiful photographs are to people, and to you. Everything stays on this machine.",
  add_completion=False,
  rich_markup_mode=None,  # plain help is there in half the time
  pretty_exceptions_enable=False,
)
for verb in VERBS:
  app.command()(verb)


@app.callback(invoke_without_command=True)
def _about(
  version: Annotated[bool, typer.Option("--version", help="Prints the version.")] = False,
) -> None:
  if version:
    from paiaa_jax import __version__

    print(__version__)
    raise typer.Exit()


class _Terminated(BaseException):
  """SIGTERM, which a scheduler sends; not an Exception, so that nothing takes it for a bad file."""


def _terminate(*_) -> None:
  raise _Terminated


def main() -> None:
  """Runs the command; what the user can mend (UserError) is one line on stderr and exit code 2."""
  for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
    if getattr(sys, name) is None:  # closed, as in `paiaa score x >&-`
      setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 to the end
  former = signal.signal(signal.SIGTERM, _terminate)
  try:
    _run()
  finally:
    signal.signal(signal.SIGTERM, former)


def _run() -> None:
  try:
    refuse_addresses(sys.argv[1:])
    code = app(expand_home(sys.argv[1:]) or ["--help"], standalone_mode=False)
  except _Terminated:
    _fail(f"stopped by SIGTERM; {KEPT}", TERMINATED)
  except UserError as error:
    _fail(str(error), 2)
  except (ImportError, OSError) as error:
    told = extras.told(error) if isinstance(error, ImportError) else refused_file(error)
    if told is None:
      raise
    _fail(told, 2)
  except Exception as error:
    say = getattr(error, "format_message", None)  # typer's own errors, by whatever class it has
    if say is None:
      raise
    _fail(say(), 2)
  if code == STOPPED:
    _fail(f"stopped; {KEPT}", STOPPED)
  sys.exit(code or 0)


def _fail(message: str, code: int) -> None:
  from paiaa_jax.photos.names import printable

  print(f"error: {printable(' '.join(message.split()))}", file=sys.stderr)
  sys.exit(code)
