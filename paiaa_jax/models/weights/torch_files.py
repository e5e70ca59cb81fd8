"""torch's weight files read without torch: {key: array}, and nothing but tensors ever unpickled.

Two formats: the zip that torch.save has written since 1.6, and the legacy one before it (several
pickles in a row, then the storages' bytes). Any global other than those of a plain state_dict is
refused before it is called.
"""

from __future__ import annotations

import collections
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from paiaa_jax.files import reading

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
  with reading(path, "a torch state_dict", *BROKEN):
    return _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)


class _StateDictUnpickler(pickle.Unpickler):
  """Admits ordered dicts, tensors and storages."""

  def find_class(self, module: str, name: str) -> Any:
    if (module, name) == ("collections", "OrderedDict"):
      return collections.OrderedDict
    if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
      return lambda storage, offset, shape, strides, *_: _Tensor(storage, offset, shape, strides)
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


def _read_zip(path: Path) -> dict[str, np.ndarray]:
  with zipfile.ZipFile(path) as archive:
    index = next((name for name in archive.namelist() if name.endswith("data.pkl")), None)
    if index is None:
      raise pickle.UnpicklingError("the archive has no data.pkl")
    with archive.open(index) as file:
      tensors = _tensors(_StateDictUnpickler(file).load())
    folder = index.removesuffix("data.pkl") + "data/"
    storages = {
      storage.key: np.frombuffer(archive.read(folder + storage.key), storage.dtype)
      for storage in {tensor.storage for tensor in tensors.values()}
    }
  return {key: _array(tensor, storages) for key, tensor in tensors.items()}


def _read_legacy(path: Path) -> dict[str, np.ndarray]:
  with open(path, "rb") as file:
    if _StateDictUnpickler(file).load() != LEGACY_MAGIC:
      raise pickle.UnpicklingError("it does not begin as torch's files do")
    _StateDictUnpickler(file).load()  # protocol version
    if not _StateDictUnpickler(file).load().get("little_endian", sys.byteorder == "little"):
      raise pickle.UnpicklingError("it was written on a big-endian machine")
    tensors = _tensors(_StateDictUnpickler(file).load())
    dtypes = {tensor.storage.key: np.dtype(tensor.storage.dtype) for tensor in tensors.values()}
    storages = {}
    for key in _StateDictUnpickler(file).load():
      (size,) = np.frombuffer(file.read(8), "<i8")
      data = file.read(int(size) * dtypes[key].itemsize)
      if len(data) < size * dtypes[key].itemsize:
        raise EOFError("cut short")
      storages[key] = np.frombuffer(data, dtypes[key])
  return {key: _array(tensor, storages) for key, tensor in tensors.items()}


def _tensors(state: Any) -> dict[str, _Tensor]:
  if not isinstance(state, dict):
    raise pickle.UnpicklingError("it holds no dict of tensors")
  state = state.get("state_dict", state)
  strangers = [key for key, value in state.items() if not isinstance(value, _Tensor)]
  if strangers:
    raise pickle.UnpicklingError(f"{strangers[0]!r} is no tensor")
  return dict(state)


def _array(tensor: _Tensor, storages: dict[str, np.ndarray]) -> np.ndarray:
  """A copy of the tensor's view of its storage; a view that leaves its storage is refused."""
  storage = storages[tensor.storage.key]
  shape, strides, offset = tensor.shape, tensor.strides, tensor.offset
  last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
  if min((offset, *strides, *shape)) < 0 or (0 not in shape and last >= storage.size):
    raise pickle.UnpicklingError("a tensor reaches beyond its storage")
  in_bytes = [stride * storage.itemsize for stride in strides]
  return np.lib.stride_tricks.as_strided(storage[offset:], shape, in_bytes).copy()
