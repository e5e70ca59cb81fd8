"""A run's workdir belongs to its config, from when something was saved there."""

from __future__ import annotations

import json
from pathlib import Path

import jax
from ml_collections import ConfigDict

from paiaa_jax import workdir as workdirs

# Fields that change neither the weights nor what they are trained on.
FREE = (
  "log.",
  "checkpoint.",
  "personalize.",
  "data.workers",
  "data.trained_on",
  "train.fsdp",
  "train.eval_",
)


def claim(workdir: Path, config: ConfigDict) -> None:
  """Writes <workdir>/config.json; compares with the one that is there once something was saved.

  Raises:
    UserError: where the workdir cannot be written, or holds a run of another config.
  """
  every = ("",)  # what the name of any field begins with
  workdirs.claim(
    workdir / "config.json",
    json.loads(config.to_json()),
    free=FREE if (workdir / "checkpoints").exists() else every,
    write=jax.process_index() == 0,
  )
