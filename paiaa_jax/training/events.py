"""TensorBoard's event files, scalars only, written as they come: no framework, no thread, no queue.

A file is a row of records: the length of a message (uint64), the masked CRC-32C of those 8 bytes,
the message, and its masked CRC-32C. The message is tensorflow/core/util/event.proto's Event.
The usual library is not used: it imports torch wherever that is installed, and writes on a thread
of its own, where a full disk goes unseen.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

DOUBLE, VARINT, BYTES, FLOAT = 1, 0, 2, 5  # protobuf's wire types
SESSION_START = b"\x08\x01"  # SessionLog(status=START)


class EventWriter:
  """Appends scalars to a new file in a folder."""

  def __init__(self, folder: Path, first_step: int):
    """Begins a file; events of earlier files past `first_step` no longer count."""
    name = f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}"
    self._file = (folder / name).open("wb", buffering=0)
    self._append(_field(3, BYTES, b"brain.Event:2"))
    self._append(_field(2, VARINT, _varint(first_step + 1)) + _field(7, BYTES, SESSION_START))

  def write(self, step: int, metrics: dict[str, float]) -> None:
    """Writes the metrics of a step through to the file."""
    values = b""
    for tag, value in metrics.items():
      content = _field(1, BYTES, tag.encode()) + _field(2, FLOAT, struct.pack("<f", value))
      values += _field(1, BYTES, content)
    self._append(_field(2, VARINT, _varint(step)) + _field(5, BYTES, values))

  def close(self) -> None:
    """Closes the file; what was written stays."""
    self._file.close()

  def _append(self, fields: bytes) -> None:
    event = _field(1, DOUBLE, struct.pack("<d", time.time())) + fields
    length = struct.pack("<Q", len(event))
    self._file.write(length + _masked_crc(length) + event + _masked_crc(event))


def _field(number: int, wire_type: int, content: bytes) -> bytes:
  """A protobuf field; a content of varying length goes behind its length."""
  length = _varint(len(content)) if wire_type == BYTES else b""
  return _varint(number << 3 | wire_type) + length + content


def _varint(value: int) -> bytes:
  low, rest = value & 0x7F, value >> 7
  return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _masked_crc(data: bytes) -> bytes:
  crc = crc32c(data)
  return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(data: bytes) -> int:
  """The Castagnoli CRC, reflected polynomial 0x82F63B78."""
  crc = 0xFFFFFFFF
  for byte in data:
    crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
  return crc ^ 0xFFFFFFFF


def _table_entry(byte: int) -> int:
  for _ in range(8):
    byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
  return byte


TABLE = [_table_entry(byte) for byte in range(256)]
