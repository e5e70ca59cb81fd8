"""Backbones without BatchNorm, and networks without any: trained, stopped, gone on with, scored."""

import os
import signal

import jax
import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import init_state, loop, setup, sharding
from paiaa_jax.training.preemption import Preempted
from tests.training import tiny

RUNS = {  # the backbone and its heads' widths
  "no BatchNorm in the backbone": ("tiny_layer_norm", (8,)),
  "no BatchNorm at all": ("tiny_layer_norm", ()),
  "a ViT": ("dinov2_toy_4", (8,)),
  "a ConvNeXt": ("convnextv2_toy_16", ()),
}


def config(folders, backbone="tiny_layer_norm", head_widths=(8,), **changes):
  here = tiny.get_config(folders, steps=6)
  fields = {"model.backbone": backbone, "model.head_widths": head_widths, **changes}
  here.update_from_flattened_dict(fields)
  return here


@pytest.fixture(params=RUNS, scope="module")
def trained(request, folders, programs, tmp_path_factory):
  """(config, workdir, results) of a run that nothing stopped."""
  here, workdir = config(folders, *RUNS[request.param]), tmp_path_factory.mktemp("whole")
  return here, workdir, loop.train(here, workdir, programs=programs)


def weights(workdir):
  return (workdir / "model/model.safetensors").read_bytes()


def test_a_stopped_run_goes_on_to_the_same_bits(trained, programs, tmp_path, monkeypatch):
  here, workdir, results = trained
  assert np.isfinite(results["loss_aesthetics"]) and results["backbone_change"] > 0
  put_batch, put = sharding.put_batch, []

  def terminate_in_step_4(batch, mesh):
    put.append(batch)
    if len(put) == 4:
      os.kill(os.getpid(), signal.SIGTERM)
    return put_batch(batch, mesh)

  monkeypatch.setattr(sharding, "put_batch", terminate_in_step_4)
  with pytest.raises(Preempted):
    loop.train(here, tmp_path, programs=programs)
  monkeypatch.undo()
  loop.train(here, tmp_path, programs=programs)
  assert weights(tmp_path) == weights(workdir)


def test_the_model_folder_scores(trained):
  here, workdir, _ = trained
  variables, _ = pretrained.load_model(workdir / "model")
  assert ("batch_stats" in variables) == bool(here.model.head_widths)
  images = np.random.default_rng(0).integers(0, 256, (3, tiny.SIZE, tiny.SIZE, 3), np.uint8)
  told = Predictor(workdir / "model").predict(images)
  np.testing.assert_allclose(told.distribution.sum(1), 1, rtol=1e-5)
  assert np.ptp(told.features, axis=0).max() > 0


@pytest.mark.parametrize("source", ["", "model"])
def test_the_backbone_is_taken_by_another_run(trained, folders, source):
  former, workdir, _ = trained
  changes = {"model.pretrained": str(workdir / source), "seed": 1}
  here = config(folders, former.model.backbone, **changes)
  taken = init_state.initial_variables(setup.prepare(here), here)
  given, _ = pretrained.load_model(workdir / "model")
  jax.tree.map(
    np.testing.assert_array_equal, given["params"]["backbone"], taken["params"]["backbone"]
  )
  assert "backbone" not in taken["batch_stats"]


def test_a_backbone_with_batch_norm_is_not_taken_from_one_without(trained, folders):
  _, workdir, _ = trained
  here = config(folders, "tiny", **{"model.pretrained": str(workdir / "model")})
  with pytest.raises(UserError, match="holds another backbone"):
    init_state.initial_backbone(setup.prepare(here), here)
