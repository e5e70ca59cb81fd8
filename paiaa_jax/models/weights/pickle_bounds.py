"""What a pickle would make is counted from its opcodes, before anything is unpickled.

A few bytes may ask for gigabytes (the index of a memo, the length of a frame), and tuples in tuples
may be deeper than the C stack, on which Python hashes them: neither is an exception that could be
caught. torch writes neither.
"""

from __future__ import annotations

import pickle
import pickletools
from typing import BinaryIO

MOST_OPCODES = 1 << 20  # DenseNet-121's weights take 30 thousand
MOST_DEPTH = 64  # theirs is 5
_KEEPS = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD")  # their first operand


def check(stream: BinaryIO) -> None:
  """Refuses one pickle, which begins where the stream stands; the stream stands there again.

  Raises:
    pickle.UnpicklingError: it is too long or too deep, or asks for more than it holds.
  """
  start = stream.tell()
  most = stream.seek(0, 2) - start
  stream.seek(start)
  stack: list[int] = []  # how deep each object is; -1: a mark
  memo: dict[int, int] = {}
  for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
    name = opcode.name
    if count > MOST_OPCODES:
      raise pickle.UnpicklingError(f"its pickle has more than {MOST_OPCODES} opcodes")
    if name == "FRAME" and (argument or 0) > most:
      raise pickle.UnpicklingError("a frame of its pickle is cut short")
    if name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
      place = len(memo) if argument is None else argument
      if not 0 <= place <= count:
        raise pickle.UnpicklingError(f"its pickle counts {place} objects after {count} opcodes")
      memo[place] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
      stack.append(memo[argument or 0])
    elif name == "MARK":
      stack.append(-1)
    elif name == "DUP":
      stack.append(stack[-1])
    else:
      _apply(opcode, stack)
    if stack and stack[-1] > MOST_DEPTH:
      raise pickle.UnpicklingError(f"its pickle is more than {MOST_DEPTH} levels deep")
  stream.seek(start)


def _apply(opcode: pickletools.OpcodeInfo, stack: list[int]) -> None:
  """Replaces an opcode's operands on the stack by what it makes of them."""
  operands: list[int] = []
  before = list(opcode.stack_before)
  if pickletools.markobject in before:
    while (depth := stack.pop()) != -1:
      operands.append(depth)
    before = before[: before.index(pickletools.markobject)]
  operands += [stack.pop() for _ in before]
  if not opcode.stack_after:
    return
  if opcode.name in _KEEPS:  # the list grows, and is no deeper for that
    *items, kept = operands
    stack.append(max([kept, *(item + 1 for item in items)]))
  else:
    stack += [max(operands, default=0) + bool(operands)] * len(opcode.stack_after)
