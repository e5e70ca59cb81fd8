"""A run's workdir belongs to its config, from when something was saved there."""

from __future__ import annotations

import json
from pathlib import Path

import jax
from ml_collections import ConfigDict

from paiaa_jax import files
from paiaa_jax import workdir as workdirs
from paiaa_jax.errors import UserError

# Fields that change neither the weights nor what they are trained on.
FREE = (
  "log.",
  "checkpoint.",
  "personalize.",
  "model.remat",
  "data.workers",
  "data.decoders",
  "data.trained_on",
  "train.fsdp",
  "train.eval_",
  "train.patience",
  "optim.steps",  # a run may be made longer: see `_refuse_another_length`
  "optim.epochs",
)


def claim(workdir: Path, config: ConfigDict) -> None:
  """Writes <workdir>/config.json; compares with the one that is there once something was saved.

  Raises:
    UserError: where the workdir cannot be written, or holds a run of another config.
  """
  if (workdir / "checkpoints").exists():
    _refuse_another_length(workdir / "config.json", config)
  every = ("",)  # what the name of any field begins with
  workdirs.claim(
    workdir / "config.json",
    json.loads(config.to_json()),
    free=FREE if (workdir / "checkpoints").exists() else every,
    write=jax.process_index() == 0,
  )


def _refuse_another_length(file: Path, config: ConfigDict) -> None:
  """Raises UserError where the steps that were done would have had other rates at this length."""
  former = files.read_json(file)["optim"] if file.exists() else {}
  lengths = [{f: dict(of).get(f) for f in ("steps", "epochs")} for of in (former, config.optim)]
  if former and lengths[0] != lengths[1] and config.optim.schedule == "cosine":
    raise UserError(
      f"{file.parent} holds a run of {lengths[0]}, now {lengths[1]}; its cosine schedule ends with "
      "its last step. Start another --workdir with --config.model.init_from=THIS."
    )
