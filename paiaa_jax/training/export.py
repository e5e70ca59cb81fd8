"""The model folder that a run leaves: weights, and what is needed to use them on photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import sharding
from paiaa_jax.training.init_state import initial_backbone
from paiaa_jax.training.setup import Run
from paiaa_jax.training.step import State, eval_params

OF_TRAINING = ("head_init", "remat")  # fields of the network that change nothing once it is trained


def export(run: Run, config: ConfigDict, state: State, folder: Path) -> dict[str, float]:
  """Writes the model folder on process 0; returns how far the backbone has moved.

  Returns:
    backbone_change, the Euclidean norm of the backbone's change since its first weights (the
    pretrained ones, if any), and backbone_change_relative, that over the first weights' norm.
  """
  variables = sharding.gather(
    {"params": eval_params(state), "batch_stats": state.batch_stats}, run.mesh
  )
  if jax.process_index() == 0:
    pretrained.save_model(folder, variables, model_config(run, config))
  first = initial_backbone(run, config)["params"]
  change = jax.tree.map(np.subtract, variables["params"]["backbone"], first)
  distance = _norm(change)
  return {"backbone_change": distance, "backbone_change_relative": distance / _norm(first)}


def model_config(run: Run, config: ConfigDict) -> dict[str, Any]:
  """What goes beside the weights: Network's arguments, preprocessing, what the outputs mean."""
  origin = {"trained_on": config.data.trained_on} if config.data.trained_on else {}
  return {
    "network": {k: v for k, v in run.network_fields.items() if k not in OF_TRAINING},
    "preprocessing": {"image_size": config.data.image_size, "pixels": PREPROCESSING},
    "scale": list(run.streams.scale),
    "aux_names": list(run.streams.aux_names),
    "tasks": config.train.tasks,
    **origin,
  }


def _norm(tree: Any) -> float:
  squares = [np.sum(np.square(leaf, dtype=np.float64)) for leaf in jax.tree.leaves(tree)]
  return float(np.sqrt(np.sum(squares)))
