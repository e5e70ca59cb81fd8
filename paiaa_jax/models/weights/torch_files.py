"""torch's weight files read without torch: {key: array}, and nothing but tensors ever unpickled.

Two formats: the zip that torch.save has written since 1.6, and the legacy one before it (several
pickles in a row, then the storages' bytes). Any global other than those of a plain state_dict is
refused before it is called, and what a file asks for is bounded by what it holds: the arrays take
at most MOST_COPIES times the storages, which are no longer than the file.
"""

from __future__ import annotations

import collections
import io
import math
import os
import pickle
import struct
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import ml_dtypes
import numpy as np

from paiaa_jax.files import open_regular, reading
from paiaa_jax.models.weights import pickle_bounds

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {
  "DoubleStorage": np.float64,
  "FloatStorage": np.float32,
  "HalfStorage": np.float16,
  "BFloat16Storage": ml_dtypes.bfloat16,
  "LongStorage": np.int64,
  "IntStorage": np.int32,
  "ShortStorage": np.int16,
  "CharStorage": np.int8,
  "ByteStorage": np.uint8,
  "BoolStorage": np.bool_,
}

MOST_FILE = 1 << 36  # bytes
MOST_ENTRIES = 1 << 16  # of a zip, each for a storage; DenseNet-121's has 727
MOST_PICKLE = 64 << 20  # bytes of data.pkl; DenseNet-121's has 120 kB
MOST_COPIES = 4  # weights may be tied: several tensors of one storage
MOST_AXES = 32

# What a pickle that is cut short, corrupt or made to harm may raise while it is read.
BROKEN = (
  pickle.UnpicklingError,
  zipfile.BadZipFile,
  EOFError,
  AttributeError,
  LookupError,
  TypeError,
  ValueError,
  OverflowError,
  MemoryError,
  RuntimeError,  # an encrypted zip, and recursion
  struct.error,
)


class _StorageType(NamedTuple):
  dtype: Any


class _Storage(NamedTuple):
  key: str
  dtype: Any


class _Tensor(NamedTuple):
  storage: _Storage
  offset: int
  shape: tuple[int, ...]
  strides: tuple[int, ...]


def read(path: str | Path) -> dict[str, np.ndarray]:
  """A state_dict's arrays by key, as saved by torch in either format.

  Raises:
    UserError: there is no such file, or it is not of that kind, is cut short, or names a global
      that a state_dict needs not.
  """
  path = Path(path)
  with reading(path, "a torch state_dict", *BROKEN), open_regular(path, MOST_FILE) as file:
    return _read_zip(file) if zipfile.is_zipfile(file) else _read_legacy(file)


class _StateDictUnpickler(pickle.Unpickler):
  """Admits ordered dicts, tensors and storages."""

  def find_class(self, module: str, name: str) -> Any:
    if (module, name) == ("collections", "OrderedDict"):
      return collections.OrderedDict
    if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
      return _rebuild_tensor
    if (module, name) == ("torch._utils", "_rebuild_parameter"):
      return lambda tensor, *_: tensor
    if module == "torch" and name in DTYPES:
      return _StorageType(DTYPES[name])
    raise pickle.UnpicklingError(f"it names {module}.{name}")

  def persistent_load(self, identity: tuple) -> _Storage:
    kind, storage_type, key, *_ = identity
    if len(identity) > 5 and identity[5] is not None:
      raise pickle.UnpicklingError("it holds a view of a storage, which torch wrote before 0.4")
    if kind != "storage" or not isinstance(storage_type, _StorageType):
      raise pickle.UnpicklingError(f"it holds a {kind!r}")
    return _Storage(str(key), storage_type.dtype)


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
  """torch's function of that name: what a tensor is a view of; its numbers are checked."""
  numbers = (offset, *shape, *strides)
  if not isinstance(storage, _Storage) or any(type(number) is not int for number in numbers):
    raise pickle.UnpicklingError("a tensor is no view of a storage")
  if len(shape) != len(strides) or len(shape) > MOST_AXES:
    raise pickle.UnpicklingError(f"a tensor has {len(shape)} axes and {len(strides)} strides")
  return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _unpickle(stream: BinaryIO) -> Any:
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of escapes in names, which are refused
    pickle_bounds.check(stream)
    return _StateDictUnpickler(stream).load()


def _read_zip(file: BinaryIO) -> dict[str, np.ndarray]:
  with zipfile.ZipFile(file) as archive:
    if len(archive.infolist()) > MOST_ENTRIES:
      raise pickle.UnpicklingError(f"the archive has more than {MOST_ENTRIES} entries")
    index = next((name for name in archive.namelist() if name.endswith("data.pkl")), None)
    if index is None:
      raise pickle.UnpicklingError("the archive has no data.pkl")
    tensors = _tensors(_unpickle(io.BytesIO(_stored(archive, index, MOST_PICKLE))))
    folder, dtypes = index.removesuffix("data.pkl") + "data/", _dtypes(tensors)
    left, storages = os.fstat(file.fileno()).st_size, {}
    for key, dtype in dtypes.items():
      data = _stored(archive, folder + key, left)
      left -= len(data)  # entries may name the same bytes
      storages[key] = np.frombuffer(data, dtype)
  return _arrays(tensors, storages)


def _stored(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
  """An entry's bytes, which torch does not compress."""
  entry = archive.getinfo(name)
  if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
    raise pickle.UnpicklingError(f"{name} is compressed, which torch's files are not")
  if entry.file_size > most:
    raise pickle.UnpicklingError(f"{name} is longer than {most} bytes")
  return archive.read(entry)


def _read_legacy(file: BinaryIO) -> dict[str, np.ndarray]:
  file.seek(0)
  stream = io.BytesIO(file.read(os.fstat(file.fileno()).st_size))
  if _unpickle(stream) != LEGACY_MAGIC:
    raise pickle.UnpicklingError("it does not begin as torch's files do")
  _unpickle(stream)  # protocol version
  if not _unpickle(stream).get("little_endian", sys.byteorder == "little"):
    raise pickle.UnpicklingError("it was written on a big-endian machine")
  tensors = _tensors(_unpickle(stream))
  keys, dtypes, storages = _unpickle(stream), _dtypes(tensors), {}
  data, start = stream.getbuffer(), stream.tell()
  for key in keys:
    (count,) = struct.unpack_from("<q", data, start)
    if not 0 <= count * dtypes[key].itemsize <= len(data) - start - 8:
      raise EOFError("cut short")
    storages[key] = np.frombuffer(data, dtypes[key], count, start + 8)
    start += 8 + count * dtypes[key].itemsize
  return _arrays(tensors, storages)


def _tensors(state: Any) -> dict[str, _Tensor]:
  if not isinstance(state, dict):
    raise pickle.UnpicklingError("it holds no dict of tensors")
  state = state.get("state_dict", state)
  if not isinstance(state, dict):
    raise pickle.UnpicklingError("it holds no dict of tensors")
  for key, value in state.items():
    if not isinstance(key, str) or not isinstance(value, _Tensor):
      shown = key[:100] if isinstance(key, str) else type(key).__name__
      raise pickle.UnpicklingError(f"{shown!r} is no tensor")
  return dict(state)


def _dtypes(tensors: dict[str, _Tensor]) -> dict[str, np.dtype]:
  """Of each storage by its key."""
  dtypes: dict[str, np.dtype] = {}
  for storage in (tensor.storage for tensor in tensors.values()):
    dtype = np.dtype(storage.dtype)
    if dtypes.setdefault(storage.key, dtype) != dtype:
      raise pickle.UnpicklingError(f"storage {storage.key[:100]!r} has two types")
  return dtypes


def _arrays(tensors: dict[str, _Tensor], storages: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """A copy of each tensor's view of its storage."""
  for tensor in tensors.values():
    _check_view(tensor, storages[tensor.storage.key].size)
  held = sum(storage.nbytes for storage in storages.values())
  asked = sum(
    math.prod(tensor.shape) * storages[tensor.storage.key].itemsize for tensor in tensors.values()
  )
  if asked > MOST_COPIES * held:
    raise pickle.UnpicklingError(f"its tensors take {asked} bytes of {held}")
  return {key: _array(tensor, storages[tensor.storage.key]) for key, tensor in tensors.items()}


def _check_view(tensor: _Tensor, size: int) -> None:
  """Refuses a view that leaves its storage of so many numbers, or has more of them than that."""
  _, offset, shape, strides = tensor
  last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
  if min((offset, *strides, *shape)) < 0 or (0 not in shape and last >= size):
    raise pickle.UnpicklingError("a tensor reaches beyond its storage")
  if math.prod(shape) > size:
    raise pickle.UnpicklingError("a tensor is larger than its storage")


def _array(tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
  in_bytes = [stride * storage.itemsize for stride in tensor.strides]
  view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, in_bytes)
  return view.copy()
