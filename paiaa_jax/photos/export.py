"""A model folder -> forms that others read: safetensors with a card, StableHLO, ONNX.

The programs take uint8 RGB [n, s, s, 3], any n, and give the distribution [n, b] and the auxiliary
outputs [n, k]; normalisation is inside.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax import __version__
from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, read_bytes
from paiaa_jax.models.platform import traced_for_elsewhere
from paiaa_jax.models.predictor import network_of, variables_of
from paiaa_jax.models.weights.model_folder import CONFIG, WEIGHTS, ModelFolder
from paiaa_jax.photos import prior_file
from paiaa_jax.types import Prediction

PLATFORMS = ("cpu", "cuda", "tpu")
ONNX_TOLERANCE = 1e-4  # on outputs in [-1, 1]

CARD = """---
library_name: paiaa-jax
license: other
license_name: see-the-training-data
pipeline_tag: image-classification
tags: [image-aesthetics, personalization, jax, flax]
---
# {name}: image aesthetics

- Network: `{backbone}`, input {size} x {size} RGB, whole image resized (`{preprocessing}`).
- Outputs: a distribution over the scores {scale}{aux}.
- Model id: `{model_id}` (sha256 over `{weights}` and `{config}`). Written by paiaa-jax {version}.

    paiaa score photos/ --model=THIS_FOLDER -o scores.csv

Traits describe images and the people who tend to like them, not a person who took, rated or is
shown in one. The code is Apache-2.0; whether these weights may be passed on and used commercially
depends on the data they were trained on.
{own}"""


def export(model: ModelFolder, form: str, out: Path) -> Path:
  """Writes the model in `form`, a key of FORMS, to `out`, whole or not at all; returns `out`.

  Raises:
    UserError: an unknown form, or `out` exists already.
    ImportError: a form's packages (the extra of its name) are not installed.
    ValueError: an ONNX file that does not agree with us.
  """
  if form not in FORMS:
    raise UserError(f"unknown format {form!r}; one of {', '.join(FORMS)}.")
  if out.exists():
    raise UserError(f"{out} exists already; name another place.")
  with atomic_write(out) as draft:
    FORMS[form](model, draft)
  return out


def program(model: ModelFolder) -> Callable:
  """images [n, s, s, 3] uint8 -> (distribution [n, b], aux [n, k]); the weights inside."""
  described = network_of(model)
  network = cast(Callable[..., Prediction], described.apply)
  variables = variables_of(model, described)

  def apply(image):
    with traced_for_elsewhere():
      prediction = network(variables, image)
    return prediction.distribution, prediction.aux

  return apply


def card(model: ModelFolder) -> str:
  """The model card, markdown with the front matter the hub reads; the folder's own card ends it."""
  own = model.folder / "README.md"
  return CARD.format(
    name=model.folder.resolve().parent.name or "model",
    backbone=model.network["backbone"],
    size=model.image_size,
    preprocessing=PREPROCESSING,
    scale=", ".join(f"{score:g}" for score in model.score_values),
    aux=f"; {', '.join(model.aux_names)} in [-1, 1]" if model.aux_names else "",
    model_id=model.model_id,
    weights=WEIGHTS,
    config=CONFIG,
    version=__version__,
    own="\n" + read_bytes(own).decode() if own.is_file() else "",
  )


def _safetensors(model: ModelFolder, out: Path) -> None:
  out.mkdir()
  for name in (WEIGHTS, CONFIG, prior_file.NAME):
    if (model.folder / name).exists():
      shutil.copyfile(model.folder / name, out / name)
  (out / "README.md").write_text(card(model), encoding="utf-8")


def _stablehlo(model: ModelFolder, out: Path) -> None:
  exported = jax.export.export(jax.jit(program(model)), platforms=PLATFORMS)(_shape(model))
  out.write_bytes(exported.serialize())


def _onnx(model: ModelFolder, out: Path) -> None:
  import jax2onnx
  import onnxruntime

  apply, shape = program(model), _shape(model)
  names = {"input_names": ["image"], "output_names": ["distribution", "aux"]}
  with jax.numpy_rank_promotion("allow"):  # the converter's own code adds [c] to [n, h, w, c]
    proto = jax2onnx.to_onnx(apply, [shape], model_name="paiaa", **names)
  proto.metadata_props.add(key="model_id", value=model.model_id)
  data = proto.SerializeToString()
  session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
  images = np.random.default_rng(0).integers(0, 256, (3, *shape.shape[1:]), np.uint8)
  found = session.run(None, {"image": images})
  gap = max(float(np.abs(a - b).max()) for a, b in zip(found, apply(images), strict=True))
  if not gap <= ONNX_TOLERANCE:
    raise ValueError(f"the ONNX program differs from ours by {gap:.2g}; nothing was written.")
  out.write_bytes(data)


def _shape(model: ModelFolder) -> jax.ShapeDtypeStruct:
  """Any number of images."""
  (n,) = jax.export.symbolic_shape("n")
  return jax.ShapeDtypeStruct((n, model.image_size, model.image_size, 3), jnp.uint8)


FORMS = {"safetensors": _safetensors, "stablehlo": _stablehlo, "onnx": _onnx}
