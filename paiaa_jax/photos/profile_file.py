"""A person's profile as one JSON file: ratings, and what prediction needs; no path, no picture.

It holds the content's digest and the rating of each rated photograph, so that it can be learnt anew
when the model changes, and what the model said of them; the posterior follows from those. Arrays
are base64, in numpy's little-endian order.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from paiaa_jax.files import reading, write_text
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.left_out import Worth
from paiaa_jax.personalization.posterior import Photographs
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import prior_file
from paiaa_jax.photos.prior_file import MOST

FORMAT = 2


class _Array(msgspec.Struct, forbid_unknown_fields=True):
  shape: list[int]
  kind: str  # "<f2" or "<f4"
  data: str


class _Worth(msgspec.Struct, forbid_unknown_fields=True):
  srcc_personal: float | None
  srcc_generic: float | None
  difference: tuple[float, float]
  verdict: str
  photographs: int


class _File(msgspec.Struct, forbid_unknown_fields=True):
  format: int
  model_id: str
  aux_names: list[str]
  scale: tuple[float, float]
  rating_scale: tuple[float, float]
  ratings: list[float]
  digests: list[str]
  worth: _Worth
  prior: prior_file.Fields
  generic: _Array
  outputs: _Array
  coordinates: _Array


def save(profile: Profile, path: str | Path) -> None:
  """Writes the profile; a UserError names a place where that cannot be done."""
  prior, rated = profile.posterior.prior, profile.posterior.rated
  fields = {
    "format": FORMAT,
    "model_id": profile.model_id,
    "aux_names": list(profile.aux_names),
    "scale": profile.scale,
    "rating_scale": profile.rating_scale,
    "ratings": list(profile.ratings),
    "digests": list(profile.digests),
    "worth": profile.worth._asdict(),
    "prior": prior_file.to_json(prior),
    "generic": _pack(rated.generic, "<f4"),
    "outputs": _pack(rated.outputs, "<f4"),
    "coordinates": _pack(rated.coordinates, "<f2"),
  }
  encoded = msgspec.json.encode(fields, enc_hook=float)
  write_text(path, msgspec.json.format(encoded, indent=1).decode() + "\n")


def load(path: str | Path) -> Profile:
  """Reads what `save` wrote.

  Raises:
    UserError: no such file, or one that is no profile; says why.
  """
  faults = (msgspec.DecodeError, msgspec.ValidationError, ValueError, binascii.Error)
  with reading(path, "a profile", *faults, make="`paiaa personalize` writes one"):
    data = Path(path).read_bytes()
    written = msgspec.json.decode(data, type=_Format).format
    if written != FORMAT:
      raise ValueError(f"format {written}, not {FORMAT}; learn it anew with `paiaa personalize`")
    return _to_profile(msgspec.json.decode(data, type=_File))


class _Format(msgspec.Struct):
  format: int


def _to_profile(fields: _File) -> Profile:
  prior = prior_file.to_prior(fields.prior)
  arrays = fields.generic, fields.outputs, fields.coordinates
  rated = Photographs(*(_unpack(array) for array in arrays))
  n, k = len(fields.ratings), len(fields.aux_names)
  shapes = rated.generic.shape, rated.outputs.shape, rated.coordinates.shape[:1]
  if shapes != ((n,), (n, k), (n,)) or len(prior.mean) != 2 + k:
    raise ValueError("sizes that disagree")
  if n < 1 or len(fields.digests) not in (0, n) or rated.coordinates.ndim != 2:
    raise ValueError("sizes that disagree")
  ratings = prior_file.bounded(fields.ratings, "ratings")
  (low, high), (bottom, top) = fields.rating_scale, fields.scale
  if not (-MOST < low < high < MOST and -MOST < bottom < top < MOST):
    raise ValueError("a scale that does not ascend")
  if ratings.min() < low or ratings.max() > high:
    raise ValueError(f"a rating outside {low:g}..{high:g}")
  points = posterior.in_points(ratings, fields.rating_scale, fields.scale)
  try:
    learnt = posterior.fit(prior, rated, points)
  except np.linalg.LinAlgError as error:
    raise ValueError("numbers that no posterior has") from error
  return Profile(
    model_id=fields.model_id,
    aux_names=tuple(fields.aux_names),
    scale=fields.scale,
    rating_scale=fields.rating_scale,
    ratings=tuple(ratings.tolist()),
    posterior=learnt,
    worth=Worth(**msgspec.structs.asdict(fields.worth)),
    digests=tuple(fields.digests),
  )


def _pack(array: Any, kind: str) -> dict[str, Any]:
  array = np.asarray(array)
  data = base64.b64encode(array.astype(kind).tobytes()).decode()
  return {"shape": list(array.shape), "kind": kind, "data": data}


def _unpack(array: _Array) -> np.ndarray:
  if array.kind not in ("<f2", "<f4") or any(side < 0 for side in array.shape):
    raise ValueError("an array of another kind")
  flat = np.frombuffer(base64.b64decode(array.data, validate=True), array.kind)
  return prior_file.bounded(flat.reshape(array.shape), "an array")
