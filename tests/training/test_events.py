"""Event files read back by protobuf's own parser, from the fields of event.proto."""

import struct

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from paiaa_jax.training.events import EventWriter, crc32c

TYPES = {"double": 1, "float": 2, "int64": 3, "string": 9, "message": 11, "enum": 5}  # 5: int32
MESSAGES = {
  "Event": {
    "wall_time": (1, "double"),
    "step": (2, "int64"),
    "file_version": (3, "string"),
    "summary": (5, "Summary"),
    "session_log": (7, "SessionLog"),
  },
  "Summary": {"value": (1, "*Value")},
  "Value": {"tag": (1, "string"), "simple_value": (2, "float")},
  "SessionLog": {"status": (1, "enum")},
}


def event_class():
  file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
  for name, fields in MESSAGES.items():
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
      one = message.field.add(name=field, number=number, label=3 if kind[0] == "*" else 1)
      one.type = TYPES.get(kind, TYPES["message"])
      if kind not in TYPES:
        one.type_name = f".t.{kind.strip('*')}"
  pool = descriptor_pool.DescriptorPool()
  pool.Add(file)
  return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Event"))


def read(path):
  """The messages of a file, by the lengths in front of them."""
  data, start = path.read_bytes(), 0
  while start < len(data):
    (length,) = struct.unpack_from("<Q", data, start)
    yield data[start : start + 8], data[start + 12 : start + 12 + length]
    start += length + 16


def test_scalars_come_back(tmp_path):
  writer = EventWriter(tmp_path, first_step=7)
  writer.write(300, {"loss": 0.25, "validation/srcc": float("nan")})
  writer.write(2**40, {"loss": -1e-3})
  writer.close()
  (path,) = tmp_path.iterdir()
  version, start, first, second = (event_class().FromString(event) for _, event in read(path))
  assert version.file_version == "brain.Event:2"
  assert (start.step, start.session_log.status) == (8, 1)  # what was logged past step 7 is void
  assert first.step == 300 and [value.tag for value in first.summary.value] == [
    "loss",
    "validation/srcc",
  ]
  assert first.summary.value[0].simple_value == 0.25
  assert np.isnan(first.summary.value[1].simple_value)
  assert second.step == 2**40
  np.testing.assert_allclose(second.summary.value[0].simple_value, -1e-3)
  assert 1.6e9 < first.wall_time < 1e10


def test_the_checksum_is_castagnolis():
  assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, B.4, and every catalogue of CRCs
  assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_each_record_is_framed_by_masked_checksums(tmp_path):
  EventWriter(tmp_path, first_step=0).close()
  (path,) = tmp_path.iterdir()
  data = path.read_bytes()
  for length, event in read(path):
    for part in (length, event):
      crc = crc32c(part)
      rotated = (crc >> 15) | (crc << 17) & 0xFFFFFFFF
      masked = struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)
      assert part + masked in data
