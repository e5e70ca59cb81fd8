"""How every launch main ends when the user's input is wrong: one line on stderr, exit code 2.

That is a UserError, a wrong flag or config field, or a file that the system refuses; anything else
keeps its traceback. With --verbosity=1 a UserError shows its traceback too.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path

from absl import app, flags, logging

from paiaa_jax import extras
from paiaa_jax.errors import UserError
from paiaa_jax.files import expand_home, refuse_addresses, refused_file
from paiaa_jax.photos.names import printable

CLONE = Path(__file__).parents[1]
flags.DEFINE_bool("print_config", False, "Print the config with its overrides, and stop.")


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
        refuse_addresses(sys.argv[1:])
      if flags.FLAGS.print_config:
        print(flags.FLAGS.config if "config" in flags.FLAGS else "this verb takes no config")
        return
      main(argv)
    except UserError as error:
      if logging.get_verbosity() >= logging.DEBUG:
        raise
      sys.exit(_tell(error))
    except (ImportError, OSError) as error:
      told = extras.told(error) if isinstance(error, ImportError) else refused_file(error)
      if told is None:
        raise
      sys.exit(_tell(UserError(told)))

  sys.argv[1:] = expand_home(sys.argv[1:])
  try:
    sys.argv[1:] = [_known_config(argument) for argument in sys.argv[1:]]
  except UserError as error:
    sys.exit(_tell(error))
  with to_the_reader():
    app.run(guarded, flags_parser=_parse_flags)


@contextlib.contextmanager
def to_the_reader() -> Generator[None]:
  """Where whoever reads the output has gone, as `head` does, the block ends in exit code 1."""
  try:
    try:
      yield
    finally:
      print(end="", flush=True)
  except BrokenPipeError:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the exit
    sys.exit(1)


def _known_config(argument: str) -> str:
  """--config=PATH[:ARG] with a path that is there: from this folder, or else from the clone's.

  Raises:
    UserError: there is no such file; it names the likeliest that there is.
  """
  flag, equals, value = argument.partition("=")
  path, colon, arg = value.partition(":")
  if flag not in ("--config", "-config") or not path.endswith(".py") or Path(path).is_file():
    return argument
  if not Path(path).is_absolute() and (CLONE / path).is_file():
    return f"{flag}{equals}{CLONE / path}{colon}{arg}"
  there = [file.relative_to(CLONE).as_posix() for file in (CLONE / "configs").rglob("*.py")]
  near = difflib.get_close_matches(path, there, 1, cutoff=0.0)
  raise UserError(f"no config file {path}; did you mean {', '.join(near)}?")


def _parse_flags(argv: list[str]) -> list[str]:
  """absl's own parser, except that a wrong flag or config field is one line and exit code 2.

  --print_config asks for no other flag than --config.
  """
  try:
    if "--print_config" in argv:
      for name in {*flags.FLAGS} - {"config"}:
        flags.FLAGS[name].validators.clear()
    rest = flags.FLAGS(argv)
    for name in flags.FLAGS:  # a config file that could not be read raises once it is looked at
      getattr(flags.FLAGS[name].value, "keys", None)
    return rest
  except BrokenPipeError:  # of --help
    raise
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
