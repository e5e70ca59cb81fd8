"""How every launch main ends when the user's input is wrong: one line on stderr, exit code 2.

That is a UserError, or a wrong flag or config field; anything else keeps its traceback. With
--verbosity=1 a UserError shows its traceback too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from absl import app, flags, logging

from paiaa_jax import extras
from paiaa_jax.errors import UserError
from paiaa_jax.files import expand_home, refuse_address
from paiaa_jax.photos.names import printable


def run(main: Callable[[list[str]], None], *, arguments: int = 0, addresses: bool = False) -> None:
  """Runs an absl main that takes up to so many arguments besides its flags.

  A UserError becomes one line, without a traceback, and exit code 2. The address of a bucket is one
  in any flag, unless the main reads `addresses`.
  """

  def guarded(argv):
    if not flags.FLAGS["verbosity"].present:
      logging.set_verbosity(logging.WARNING)  # libraries tell of every file that they open
    if stray := argv[1 + arguments :]:
      raise app.UsageError(f"unknown argument {stray[0]!r}; flags are written --name=value")
    try:
      if not addresses:
        for argument in sys.argv[1:]:
          refuse_address(argument.partition("=")[2] or argument)
      main(argv)
    except UserError as error:
      if logging.get_verbosity() >= logging.DEBUG:
        raise
      sys.exit(_tell(error))
    except ImportError as error:
      if (line := extras.told(error)) is None:
        raise
      sys.exit(_tell(UserError(line)))

  sys.argv[1:] = expand_home(sys.argv[1:])
  app.run(guarded, flags_parser=_parse_flags)


def _parse_flags(argv: list[str]) -> list[str]:
  """absl's own parser, except that a wrong flag or config field is one line and exit code 2."""
  try:
    rest = flags.FLAGS(argv)
    for name in flags.FLAGS:  # a config file that could not be read raises once it is looked at
      getattr(flags.FLAGS[name].value, "keys", None)
    return rest
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
