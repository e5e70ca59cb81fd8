"""Runs that go on from others, freeze their backbone, are made longer or end early."""

import functools
import json

import jax
import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import init_state, loop, resume, setup
from tests.training import tiny

FROZEN = {"train.freeze_backbone": True, "optim.weight_decay": 0.1, "train.eval_every": 4}


def config(folders, steps=4, **changes):
  here = tiny.get_config(folders, steps)
  here.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
  return here


@pytest.fixture(scope="module")
def train(programs):
  return functools.partial(loop.train, programs=programs)


@pytest.fixture(scope="module")
def frozen(train, folders, tmp_path_factory):
  workdir = tmp_path_factory.mktemp("frozen")
  return workdir, train(config(folders, **FROZEN), workdir)


def test_a_frozen_backbone_keeps_weights_and_statistics_while_heads_learn(folders, frozen):
  workdir, results = frozen
  here = config(folders, **FROZEN)
  first = init_state.initial_variables(setup.prepare(here), here)
  trained, said = pretrained.load_model(workdir / "model")
  for kind in ("params", "batch_stats"):
    jax.tree.map(np.testing.assert_array_equal, trained[kind]["backbone"], first[kind]["backbone"])
  assert np.any(trained["params"]["aesthetics"]["fc0"]["kernel"] != 0)
  moved = trained["params"]["aesthetics"]["out"]["kernel"]
  assert np.any(moved != first["params"]["aesthetics"]["out"]["kernel"])
  assert results["backbone_change"] == 0
  of_training = {"head_init", "remat", "freeze_backbone"}
  assert not of_training & said["network"].keys()


@pytest.mark.parametrize("parts", ["backbone", "heads", "both"])
def test_first_weights_are_taken_from_another_run_part_by_part(folders, frozen, parts):
  former, _ = pretrained.load_model(frozen[0] / "model")
  here = config(folders, seed=1, model__init_from=str(frozen[0]), model__init_parts=parts)
  found = init_state.initial_variables(setup.prepare(here), here)
  drawn = config(folders, seed=1)
  own = init_state.initial_variables(setup.prepare(drawn), drawn)
  taken = {"backbone": {"backbone"}, "heads": {"aesthetics", "auxiliary"}}
  taken["both"] = taken["backbone"] | taken["heads"]
  for part in found["params"]:
    expected = former if part in taken[parts] else own
    jax.tree.map(np.testing.assert_array_equal, found["params"][part], expected["params"][part])


def test_weights_that_do_not_fit_are_refused_by_name(folders, frozen):
  for changes, told in (
    ({"model__head_widths": (4,)}, "head_widths is"),
    ({"data__auxiliary_target": "distribution"}, "aux_names is"),
  ):
    here = config(folders, model__init_from=str(frozen[0]), **changes)
    with pytest.raises(UserError, match=told):
      init_state.initial_variables(setup.prepare(here), here)
  narrow = config(folders, model__head_widths=(4,), model__init_from=str(frozen[0]))
  narrow.model.init_parts = "backbone"  # the heads may then be any
  init_state.initial_variables(setup.prepare(narrow), narrow)
  nowhere = config(folders, model__init_from="nowhere")
  with pytest.raises(UserError, match="no model folder"):
    init_state.initial_variables(setup.prepare(nowhere), nowhere)


def test_a_finished_run_made_longer_is_the_long_run(train, folders, frozen, tmp_path):
  train(config(folders, 8, **FROZEN), tmp_path / "whole")
  short = tmp_path / "short"
  train(config(folders, 4, **FROZEN), short)
  train(config(folders, 8, **FROZEN), short)
  found, expected = (
    (tmp_path / name / "model/model.safetensors").read_bytes() for name in ("short", "whole")
  )
  assert found == expected


def test_a_cosine_schedule_cannot_be_made_longer(folders, tmp_path):
  cosine = {"optim__schedule": "cosine"}
  resume.claim(tmp_path, config(folders, 4, **cosine))
  (tmp_path / "checkpoints").mkdir()
  resume.claim(tmp_path, config(folders, 4, **cosine))
  with pytest.raises(UserError, match=r"cosine schedule ends .*init_from"):
    resume.claim(tmp_path, config(folders, 8, **cosine))


def test_a_run_without_progress_ends_early_and_stays_ended(train, folders, tmp_path, monkeypatch):
  class Worse:
    def __init__(self, *_):
      pass

    def __call__(self, state):
      return {"srcc": -float(jax.device_get(state.step))}

  monkeypatch.setattr(loop, "Evaluator", Worse)
  here = config(folders, 8, train__patience=2, **FROZEN)
  here.train.eval_every = 1
  for _ in range(2):  # started again, it does nothing
    train(here, tmp_path)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert max(json.loads(line)["step"] for line in lines) == 3  # the best is that of step 1


def test_without_validation_there_is_nothing_to_choose_by(folders):
  for changes in ({"checkpoint__export": "best"}, {"train__patience": 1}):
    with pytest.raises(UserError, match="needs a validation split"):
      setup.prepare(config(folders, data__validation=False, **changes))


def test_layers_are_told_in_the_order_in_which_an_image_passes_them(folders):
  run = setup.prepare(config(folders))
  assert setup.backbone_layers(run.network, tiny.SIZE) == ("conv", "norm")
