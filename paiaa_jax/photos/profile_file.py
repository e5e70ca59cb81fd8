"""A person's profile as one JSON file: what was told, what prediction needs; no path, no picture.

It holds the content's digest and what was told of each photograph, so that it can be learnt anew
when the model changes, and what the model said of them; the posterior follows from those. Arrays
are base64, in numpy's little-endian order.
"""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from paiaa_jax.files import reading, write_text
from paiaa_jax.personalization import posterior
from paiaa_jax.personalization.given import Given, check
from paiaa_jax.personalization.left_out import Worth
from paiaa_jax.personalization.likelihood import Choice
from paiaa_jax.personalization.posterior import Photographs
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import prior_file
from paiaa_jax.photos.prior_file import MOST

FORMAT = 3
FAULTS = (msgspec.DecodeError, msgspec.ValidationError, ValueError, binascii.Error)
READ = (2, FORMAT)  # 2 has ratings alone


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


class _Choice(msgspec.Struct, forbid_unknown_fields=True):
  rows: list[int]
  takes: bool


class _File(msgspec.Struct, forbid_unknown_fields=True):
  format: int
  model_id: str
  aux_names: list[str]
  scale: tuple[float, float]
  rating_scale: tuple[float, float]
  ratings: list[float | None]
  digests: list[str]
  worth: _Worth
  prior: prior_file.Fields
  generic: _Array
  outputs: _Array
  coordinates: _Array
  rejected: list[bool] = []
  choices: list[_Choice] = []


def save(profile: Profile, path: str | Path) -> None:
  """Writes the profile; a UserError names a place where that cannot be done."""
  prior, rated = profile.posterior.prior, profile.posterior.rated
  fields = {
    "format": FORMAT,
    "model_id": profile.model_id,
    "aux_names": list(profile.aux_names),
    "scale": profile.scale,
    "rating_scale": profile.rating_scale,
    "ratings": [None if np.isnan(rating) else rating for rating in profile.given.ratings],
    "rejected": profile.given.rejected.tolist(),
    "choices": [choice._asdict() for choice in profile.given.choices],
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
  with reading(path, "a profile", *FAULTS, make="`paiaa personalize` writes one"):
    return _parse(Path(path).read_bytes())


def parse(data: bytes) -> Profile:
  """The profile in such a file's bytes; errors as in `load`."""
  with reading("the profile", "a profile", *FAULTS, make="`paiaa personalize` writes one"):
    return _parse(data)


def _parse(data: bytes) -> Profile:
  written = msgspec.json.decode(data, type=_Format).format
  if written not in READ:
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
  given = _to_given(fields)
  (low, high), (bottom, top) = fields.rating_scale, fields.scale
  if not (-MOST < low < high < MOST and -MOST < bottom < top < MOST):
    raise ValueError("a scale that does not ascend")
  try:
    check(given, rated, fields.rating_scale)
    learnt = posterior.fit(prior, rated, given.told(fields.rating_scale, fields.scale))
  except np.linalg.LinAlgError as error:
    raise ValueError("numbers that no posterior has") from error
  return Profile(
    model_id=fields.model_id,
    aux_names=tuple(fields.aux_names),
    scale=fields.scale,
    rating_scale=fields.rating_scale,
    given=given,
    posterior=learnt,
    worth=Worth(**msgspec.structs.asdict(fields.worth)),
    digests=tuple(fields.digests),
  )


def _to_given(fields: _File) -> Given:
  ratings = [math.nan if rating is None else rating for rating in fields.ratings]
  told = prior_file.bounded([rating for rating in fields.ratings if rating is not None], "ratings")
  rejected = fields.rejected or [False] * len(ratings)
  if len(rejected) != len(ratings) or len(told) + sum(rejected) > len(ratings):
    raise ValueError("sizes that disagree")
  choices = tuple(Choice(tuple(choice.rows), choice.takes) for choice in fields.choices)
  return Given(np.asarray(ratings, np.float64), np.asarray(rejected, bool), choices)


def _pack(array: Any, kind: str) -> dict[str, Any]:
  array = np.asarray(array)
  data = base64.b64encode(array.astype(kind).tobytes()).decode()
  return {"shape": list(array.shape), "kind": kind, "data": data}


def _unpack(array: _Array) -> np.ndarray:
  if array.kind not in ("<f2", "<f4") or any(side < 0 for side in array.shape):
    raise ValueError("an array of another kind")
  flat = np.frombuffer(base64.b64decode(array.data, validate=True), array.kind)
  return prior_file.bounded(flat.reshape(array.shape), "an array")
