"""Converts published weights of a backbone into a folder for config.model.pretrained.

  python -m launch.convert_weights SOURCE --backbone=inception_v3 --out=weights/inception_v3

SOURCE is a .pth or .safetensors file of timm, torchvision or transformers; torch is not needed.
With --from_hub=timm/inception_v3.tv_in1k instead of SOURCE the file comes from the Hugging Face
hub. Writes model.safetensors and config.json: the source's sha256, the backbone, and how its
weights want images.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from absl import flags

from launch import cli_errors
from paiaa_jax import files
from paiaa_jax.errors import UserError

FLAGS = flags.FLAGS


def main(argv):
  if (len(argv) == 2) == bool(FLAGS.from_hub):
    raise UserError("give one source: a weight file, or --from_hub=OWNER/NAME.")
  source = FLAGS.from_hub
  path = download(source) if source else Path(argv[1])
  config = convert(FLAGS.backbone, path, FLAGS.out, head=FLAGS.head, source=source or path.name)
  print(json.dumps(config, indent=1))


def convert(name: str, path: Path, out: str | Path, *, head: bool, source: str) -> dict[str, Any]:
  """Writes the folder; returns its config.json.

  Args:
    name: the backbone.
    path: its weight file.
    out: the folder to write.
    head: with the classifier.
    source: what config.json calls the file.

  Raises:
    UserError: as models.pretrained.load does.
  """
  from paiaa_jax.models.network import backbone_class
  from paiaa_jax.models.weights import pretrained

  backbone = backbone_class(name)
  loaded = pretrained.load(name, path, head=head)
  config = {
    "source": source,
    "source_sha256": hashlib.sha256(files.read_bytes(path)).hexdigest(),
    "backbone": name,
    "classifier": head,
    "preprocessing": {
      "image_size": backbone.INPUT_SIZE,
      "resize": backbone.RESIZE,
      "crop": "center" if backbone.CROPPED else "none",
      "interpolation": backbone.INTERPOLATION,
      "mean": backbone.MEAN,
      "std": backbone.STD,
    },
  }
  pretrained.save_model(out, {kind: {"backbone": loaded[kind]} for kind in loaded}, config)
  return config


def download(repository: str) -> Path:
  """The weight file of a timm model on the hub, in huggingface_hub's own cache.

  Raises:
    UserError: huggingface_hub is not installed, or the file cannot be had.
  """
  try:
    from huggingface_hub import hf_hub_download
  except ImportError as error:
    raise UserError("--from_hub needs huggingface_hub: pip install 'paiaa-jax[hub]'.") from error
  try:
    return Path(hf_hub_download(repository, "model.safetensors", token=False))  # send none
  except Exception as error:  # each version of it, and of what it calls, raises its own
    reason = str(error).strip().partition("\n")[0]
    raise UserError(
      f"--from_hub={repository}: not to be had ({reason}); offline, give a weight file instead."
    ) from error


def define_flags() -> None:
  """Its flags; not at import, as others import this module for `convert`."""
  names = "inception_v3, dinov2_vit_s14, ...; a wrong one lists them all."
  flags.DEFINE_string("backbone", None, names, required=True)
  flags.DEFINE_string("out", None, "Folder to write.", required=True)
  flags.DEFINE_bool("head", False, "Keep the classifier, for model.head_input=logits.")
  flags.DEFINE_string("from_hub", None, "OWNER/NAME on the hub, in place of SOURCE.")


if __name__ == "__main__":
  define_flags()
  cli_errors.run(main, arguments=1)
