"""Names of files as text that a terminal, a table and a page can show, and the way back; counts."""

from __future__ import annotations

import os
import re
from pathlib import Path

# What a terminal obeys, and what turns the direction of a line: C0, C1, line ends, bidi controls.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})")
_UNSAFE = ("=", "+", "-", "@", " ")  # a spreadsheet's formula, or a blank that readers strip


def printable(words: Path | str) -> str:
  """A path, or words with one, as text: control characters, and bytes that are no UTF-8, escaped.

  A byte becomes backslash, x and two hexadecimal digits; a character beyond ASCII u and four.
  """
  text = os.fspath(words)
  if text.isascii() and text.isprintable():  # nearly all are, and a library has many
    return text
  return _CONTROLS.sub(_escape, os.fsencode(text).decode("utf-8", "backslashreplace"))


def cell(path: Path | str) -> str:
  """A path as a table holds it: printable, and no formula to a spreadsheet; ./=1.jpg is =1.jpg."""
  text = printable(path)
  return f"./{text}" if text.startswith(_UNSAFE) else text


def path_of(text: str) -> Path:
  """The file that `printable` or `cell` made the text of."""
  if os.path.lexists(text):
    return Path(text)
  return Path(os.fsdecode(_ESCAPED.sub(_restore, os.fsencode(text))))


def counted(count: int, noun: str) -> str:
  """A count with its noun, whose plural ends in s: "1 photograph", "0 photographs"."""
  return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _escape(found: re.Match[str]) -> str:
  code = ord(found[0])
  return f"\\x{code:02x}" if code < 128 else f"\\u{code:04x}"


def _restore(found: re.Match[bytes]) -> bytes:
  return bytes([int(found[1], 16)]) if found[1] else chr(int(found[2], 16)).encode()
