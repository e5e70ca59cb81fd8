"""How every launch main ends when the user's input is wrong: one line on stderr, exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable

from absl import app, flags, logging

USER_ERRORS = (ValueError, FileNotFoundError, NotADirectoryError, PermissionError, FileExistsError)


def run(main: Callable[[list[str]], None], *, arguments: int = 0) -> None:
  """Runs an absl main that takes up to so many arguments besides its flags.

  An error that the user can mend becomes one line, without a traceback, and exit code 2.
  """

  def guarded(argv):
    logging.set_verbosity(logging.WARNING)  # libraries tell of every file that they open
    if stray := argv[1 + arguments :]:
      raise app.UsageError(f"unknown argument {stray[0]!r}; flags are written --name=value")
    try:
      main(argv)
    except USER_ERRORS as error:
      print(f"error: {error}", file=sys.stderr)
      sys.exit(2)

  app.run(guarded, flags_parser=_parse_flags)


def _parse_flags(argv: list[str]) -> list[str]:
  """absl's own parser, except that a wrong flag or config field is one line and exit code 2."""
  try:
    return flags.FLAGS(argv)
  except (flags.Error, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
    message = str(error.args[0] if error.args else error).strip()
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)
