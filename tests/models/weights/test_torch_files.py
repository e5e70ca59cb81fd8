"""Weight files read without torch: what is admitted, what is refused before it can run."""

import os
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import pretrained, torch_files


def text(value):
  return b"X" + struct.pack("<I", len(value)) + value.encode()


def integers(values):
  return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"


def state_dict(*, offset=0, shape=(2, 3), strides=(3, 1), storage="FloatStorage"):
  """The pickle of {"w": tensor} opcode by opcode, as torch writes it; its storage has the key 0."""
  identity = b"(" + text("storage") + b"ctorch\n" + storage.encode() + b"\n" + text("0")
  identity += text("cpu") + b"K\x06tQ"
  arguments = identity + b"J" + struct.pack("<i", offset) + integers(shape) + integers(strides)
  arguments += b"\x89ccollections\nOrderedDict\n)R"
  tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"
  return b"\x80\x02}" + text("w") + tensor + b"s."


def write_zip(path, data, storage):
  with zipfile.ZipFile(path, "w") as archive:
    archive.writestr("archive/data.pkl", data)
    archive.writestr("archive/data/0", storage.tobytes())


def write_legacy(path, data, storage):
  with open(path, "wb") as file:
    for header in (torch_files.LEGACY_MAGIC, 1001, {"little_endian": True}):
      pickle.dump(header, file, protocol=2)
    file.write(data)
    pickle.dump(["0"], file, protocol=2)
    file.write(struct.pack("<q", storage.size) + storage.tobytes())


@pytest.fixture(params=[write_zip, write_legacy])
def write(request):
  return request.param


STORAGE = np.arange(6, dtype=np.float32)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_tensor_is_a_view_of_its_storage(write, tmp_path, transposed):
  layout = dict(shape=(3, 2), strides=(1, 3)) if transposed else {}
  write(tmp_path / "w.pth", state_dict(**layout), STORAGE)
  expected = STORAGE.reshape(2, 3)
  read = torch_files.read(tmp_path / "w.pth")
  np.testing.assert_array_equal(read["w"], expected.T if transposed else expected)


@pytest.mark.parametrize(
  "layout", [dict(offset=1), dict(shape=(7, 1)), dict(strides=(-3, 1)), dict(offset=-1)]
)
def test_a_tensor_beyond_its_storage_is_refused(write, tmp_path, layout):
  write(tmp_path / "w.pth", state_dict(**layout), STORAGE)
  with pytest.raises(UserError, match="beyond its storage"):
    torch_files.read(tmp_path / "w.pth")


class Harm:
  """Unpickling it the ordinary way makes a file."""

  def __init__(self, path):
    self.path = path

  def __reduce__(self):
    return open, (self.path, "w")


def test_any_other_global_is_refused_before_it_is_called(write, tmp_path):
  sign = tmp_path / "harmed"
  write(tmp_path / "w.pth", pickle.dumps({"w": Harm(str(sign))}, protocol=2), STORAGE)
  with pytest.raises(UserError, match=r"w\.pth.*names .*\.open"):
    torch_files.read(tmp_path / "w.pth")
  assert not sign.exists()


def test_an_unknown_storage_type_is_refused(write, tmp_path):
  write(tmp_path / "w.pth", state_dict(storage="QUInt8Storage"), STORAGE)
  with pytest.raises(UserError, match=r"torch\.QUInt8Storage"):
    torch_files.read(tmp_path / "w.pth")


@pytest.mark.parametrize("content", [[1, 2], {"w": 3}, {"w": "x"}, 7])
def test_a_file_that_holds_something_else_is_refused(write, tmp_path, content):
  write(tmp_path / "w.pth", pickle.dumps(content, protocol=2), STORAGE)
  with pytest.raises(UserError, match=r"w\.pth cannot be read as a torch state_dict"):
    torch_files.read(tmp_path / "w.pth")


@pytest.mark.parametrize("kept", [0, 1, 10, 100, 10_000, 1_000_000])
def test_a_file_cut_short_is_one_error_that_names_it(tmp_path, kept):
  whole = pretrained.packaged_path("efficientnet_lite0").read_bytes()
  (tmp_path / "w.pth").write_bytes(whole[:kept])
  with pytest.raises(UserError, match=r"w\.pth cannot be read as a torch state_dict"):
    torch_files.read(tmp_path / "w.pth")


def test_a_missing_file_is_named(tmp_path):
  with pytest.raises(UserError, match=r"none\.pth"):
    torch_files.read(tmp_path / "none.pth")


def deep(levels):
  """A pickle whose dict has a key of tuples in tuples, which Python hashes on the C stack."""
  return b"\x80\x02}" + b"N" + b"\x85" * levels + b"Ns."


GREEDY = {
  "deep": deep(200_000),
  "memo": b"Nr\xff\xff\xff\x1f0N.",  # LONG_BINPUT of place 2^29
  "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 33) + b"N.",
  "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 33) + b".",
  "text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 33) + b".",
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
@pytest.mark.parametrize("name", GREEDY)
@pytest.mark.parametrize("as_zip", [False, True])
def test_a_small_file_takes_no_memory_and_never_the_interpreter(tmp_path, name, as_zip):
  path = tmp_path / "w.pth"
  write_zip(path, GREEDY[name], STORAGE) if as_zip else path.write_bytes(GREEDY[name])
  program = (
    "from paiaa_jax.errors import UserError; from paiaa_jax.models.weights import torch_files\n"
    "import re, sys\n"
    "try: torch_files.read(sys.argv[1])\n"
    "except UserError as error: print(error)\n"
    # not ru_maxrss, which begins with the parent's
    "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])"
  )
  done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
  assert done.returncode == 0, done.stderr
  line, peak = done.stdout.splitlines()
  assert "cannot be read as a torch state_dict" in line and "MemoryError" not in line
  assert int(peak) < 500 << 10  # KiB


@pytest.mark.parametrize(
  ("layout", "says"),
  [
    (dict(shape=(1 << 30, 1 << 30), strides=(0, 0)), "larger than its storage"),
    (dict(shape=(7,), strides=(0,)), "larger than its storage"),
    (dict(shape=(2, 3), strides=(1,)), "2 axes and 1 strides"),
    (dict(shape=(1,) * 40, strides=(1,) * 40), "40 axes"),
  ],
)
def test_a_tensor_is_no_larger_than_its_storage(write, tmp_path, layout, says):
  write(tmp_path / "w.pth", state_dict(**layout), STORAGE)
  with pytest.raises(UserError, match=says):
    torch_files.read(tmp_path / "w.pth")


def test_many_tensors_of_one_storage_are_bounded_together(write, tmp_path):
  [head, tail] = state_dict().split(text("w"))
  tensors = b"".join(text(f"w{i}") + tail.removesuffix(b".") for i in range(9))
  write(tmp_path / "w.pth", head + tensors + b".", STORAGE)
  with pytest.raises(UserError, match="its tensors take 216 bytes of 24"):
    torch_files.read(tmp_path / "w.pth")


def test_a_compressed_archive_is_refused_before_it_is_unpacked(tmp_path):
  with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("archive/data.pkl", state_dict())
    archive.writestr("archive/data/0", bytes(10_000_000))
  with pytest.raises(UserError, match="is compressed"):
    torch_files.read(tmp_path / "w.pth")


def test_a_pipe_is_no_weight_file(tmp_path):
  os.mkfifo(tmp_path / "w.pth")
  with pytest.raises(UserError, match="not a regular file"):
    torch_files.read(tmp_path / "w.pth")


def test_a_storage_of_a_length_below_zero_is_refused(tmp_path):
  write_legacy(tmp_path / "w.pth", state_dict(), STORAGE)
  data = (tmp_path / "w.pth").read_bytes()
  size = struct.pack("<q", STORAGE.size)
  (tmp_path / "w.pth").write_bytes(data.replace(size, struct.pack("<q", -1)))
  with pytest.raises(UserError, match="cut short"):
    torch_files.read(tmp_path / "w.pth")
