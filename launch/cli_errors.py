"""How every launch main ends when the user's input is wrong: one line on stderr, exit code 2.

With --verbosity=1 the traceback is shown instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from absl import app, flags, logging

from paiaa_jax.files import expand_home
from paiaa_jax.photos.names import printable

USER_ERRORS = (ValueError, OSError)  # OSError: files and folders, full disks, no permission


def run(main: Callable[[list[str]], None], *, arguments: int = 0) -> None:
  """Runs an absl main that takes up to so many arguments besides its flags.

  An error that the user can mend becomes one line, without a traceback, and exit code 2.
  """

  def guarded(argv):
    if not flags.FLAGS["verbosity"].present:
      logging.set_verbosity(logging.WARNING)  # libraries tell of every file that they open
    if stray := argv[1 + arguments :]:
      raise app.UsageError(f"unknown argument {stray[0]!r}; flags are written --name=value")
    try:
      main(argv)
    except USER_ERRORS as error:
      if logging.get_verbosity() >= logging.DEBUG:
        raise
      sys.exit(_tell(error))

  sys.argv[1:] = expand_home(sys.argv[1:])
  app.run(guarded, flags_parser=_parse_flags)


def _parse_flags(argv: list[str]) -> list[str]:
  """absl's own parser, except that a wrong flag or config field is one line and exit code 2."""
  try:
    return flags.FLAGS(argv)
  except (flags.Error, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
    sys.exit(_tell(error))


def _tell(error: Exception) -> int:
  """Prints an error as one line, and returns the exit code."""
  message = str(error.args[0]) if isinstance(error, KeyError | AttributeError) else str(error)
  message = message.rpartition("errors.UserError: ")[2]  # a config file's comes with a traceback
  if "\\n" in message:  # ConfigDict hands on a quoted message
    message = message.replace("\\n", " ").replace("\\'", "'")[1:-1]
  print(f"error: {printable(' '.join(message.split()))}", file=sys.stderr)
  return 2
