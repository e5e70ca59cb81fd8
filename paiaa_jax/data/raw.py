"""RAW files of cameras, by the picture that the camera made and put beside the sensor's data.

LibRaw finds it, by the extra `raw`; the sensor's data is not developed. The picture is a file of
its own, with its colour profile, and with the RAW file's orientation where it says none itself.
"""

from __future__ import annotations

import importlib.util
import io
import os
from datetime import UTC, datetime
from typing import NamedTuple

from PIL import Image

from paiaa_jax.errors import UserError

SUFFIXES = (  # as ExifTool and LibRaw know them
  *(".3fr", ".ari", ".arw", ".bay", ".cap", ".cr2", ".cr3", ".crw", ".dcr", ".dcs", ".dng", ".drf"),
  *(".eip", ".erf", ".fff", ".gpr", ".iiq", ".k25", ".kdc", ".mdc", ".mef", ".mos", ".mrw", ".nef"),
  *(".nrw", ".orf", ".pef", ".ptx", ".pxn", ".r3d", ".raf", ".raw", ".rw2", ".rwl", ".rwz", ".sr2"),
  *(".srf", ".srw", ".x3f"),
)
INSTALL = "pip install 'paiaa-jax[raw]'"
_ORIENTATION = 0x0112
_OF_FLIP = (1, 2, 4, 3, 5, 8, 6, 7)  # LibRaw's bits (1 mirrors, 2 turns upside down, 4 swaps axes)


class Preview(NamedTuple):
  """The camera's picture, encoded; taken: seconds by the camera's clock, NaN where unknown."""

  data: bytes
  taken: float


def is_raw(name: str | os.PathLike[str]) -> bool:
  """Whether a file is a camera's RAW file, by its suffix."""
  return os.fspath(name).lower().endswith(SUFFIXES)


def is_readable() -> bool:
  """Whether the extra `raw` is installed."""
  return importlib.util.find_spec("rawpy") is not None


def picture(data: bytes, name: str | os.PathLike[str]) -> bytes:
  """A file's bytes -> those of the picture in it: a RAW file's `preview`, else the bytes given."""
  return preview(data).data if is_raw(name) else data


def preview(data: bytes) -> Preview:
  """The largest picture in a RAW file's bytes.

  Raises:
    UserError: there is none, LibRaw does not know the file, or the extra is not installed.
  """
  if not is_readable():
    raise UserError(f"RAW files need one more package: {INSTALL}.")
  import rawpy

  try:
    with rawpy.imread(io.BytesIO(data)) as raw:
      found, flip, moment = raw.extract_thumb(), raw.sizes.flip, raw.other.timestamp
  except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
    raise UserError("a RAW file without a preview that can be read; export it as JPEG.") from error
  except Exception as error:  # LibRaw's errors, and those of numbers that are out of range
    raise UserError("damaged, or a RAW file of a kind that is not read.") from error
  taken = moment.replace(tzinfo=UTC).timestamp() if moment > datetime(1971, 1, 1) else float("nan")
  if isinstance(found.data, bytes):  # a JPEG; to one without EXIF LibRaw gave the orientation
    return Preview(found.data, taken)
  encoded = io.BytesIO()
  Image.fromarray(found.data).save(encoded, "TIFF", tiffinfo={_ORIENTATION: _OF_FLIP[flip]})
  return Preview(encoded.getvalue(), taken)
