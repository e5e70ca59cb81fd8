"""The one exception that is the user's to mend."""

from __future__ import annotations


class UserError(ValueError):
  """Says in one line what is wrong, where, and how to mend it.

  `paiaa` and `python -m launch.VERB` print it without a traceback and exit with code 2. Every other
  exception is a fault of the program and keeps its traceback. As a ValueError, it is caught as one.

  Example:
    >>> try:
    ...   pz.evaluate("lasso", users, splits)
    ... except errors.UserError as error:
    ...   print(str(error)[:43])
    solver 'lasso' is unknown; use one of ridge
  """
