"""The whole loop on tiny data: what it leaves, that it resumes bit for bit, and how it stops."""

import functools
import json
import os
import signal

import jax
import numpy as np
import pytest

from paiaa_jax.data import images
from paiaa_jax.errors import UserError
from paiaa_jax.models.weights import pretrained
from paiaa_jax.training import batches, init_state, loop, setup, sharding
from paiaa_jax.training.checkpoint import Checkpoints
from paiaa_jax.training.preemption import Preempted, Preemption
from paiaa_jax.training.programs import Programs
from paiaa_jax.training.step_metrics import NonFiniteLoss
from tests.training import tiny

STEPS = 8


def config(folders, **changes):
  tiny_config = tiny.get_config(folders, STEPS)
  tiny_config.update_from_flattened_dict(
    {
      "checkpoint.every": 3,
      "train.eval_every": 4,
      **{k.replace("__", "."): v for k, v in changes.items()},
    }
  )
  return tiny_config


def weights(workdir):
  return (workdir / "model/model.safetensors").read_bytes()


def lines(workdir):
  return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def train(programs):
  return functools.partial(loop.train, programs=programs)


@pytest.fixture(scope="module")
def uninterrupted(train, folders, tmp_path_factory):
  workdir = tmp_path_factory.mktemp("uninterrupted")
  return workdir, train(config(folders), workdir)


def test_a_run_leaves_a_model_metrics_and_its_config(uninterrupted):
  workdir, _ = uninterrupted
  assert json.loads((workdir / "config.json").read_text())["optim"]["steps"] == STEPS
  model = json.loads((workdir / "model/config.json").read_text())
  assert model["scale"] == [1, 2, 3, 4, 5] and model["network"]["backbone"] == "tiny"
  assert model["preprocessing"]["pixels"] == images.PREPROCESSING
  kept = {int(path.name) for path in (workdir / "checkpoints").iterdir()}
  assert {6, 8} <= kept <= {4, 6, 8}  # the last two, and the best of the evaluated ones
  logged = {name for line in lines(workdir) for name in line}
  assert {"loss", "grad_norm", "images_per_second", "step_seconds", "data_wait_seconds"} <= logged
  assert {"compile_seconds", "validation/srcc", "validation/srcc_aux", "backbone_change"} <= logged
  assert [line["step"] for line in lines(workdir) if "loss" in line] == [2, 3, 4, 6, 8]
  rates = {line["step"]: line["lr_heads"] for line in lines(workdir) if "loss" in line}
  assert rates == pytest.approx({2: 0.1, 3: 0.1, 4: 0.1, 6: 0.09, 8: 0.09})  # 4 steps an epoch
  assert any(path.name.startswith("events") for path in workdir.iterdir())


def test_backbone_change_is_the_distance_from_the_first_weights(uninterrupted):
  _, results = uninterrupted
  assert 0 < results["backbone_change_relative"] < 1
  assert (
    results["backbone_change"] > results["backbone_change_relative"]
  )  # the first norm is above 1


def test_sigterm_saves_and_the_next_start_ends_with_the_same_bits(
  train, folders, uninterrupted, tmp_path, monkeypatch
):
  put_batch, put = sharding.put_batch, []

  def terminate_in_step_5(batch, mesh):
    put.append(batch)
    if len(put) == 5:
      os.kill(os.getpid(), signal.SIGTERM)
    return put_batch(batch, mesh)

  monkeypatch.setattr(sharding, "put_batch", terminate_in_step_5)
  former = signal.getsignal(signal.SIGTERM)
  with pytest.raises(Preempted, match=r"after step (4|5)"):
    train(config(folders), tmp_path)
  assert signal.getsignal(signal.SIGTERM) is former
  monkeypatch.undo()
  train(config(folders), tmp_path)
  assert weights(tmp_path) == weights(uninterrupted[0])
  steps = [line["step"] for line in lines(tmp_path)]
  assert steps == sorted(steps)


@pytest.mark.parametrize(
  "place", [(Checkpoints, "restore_newest"), (Programs, "train_step")], ids=["restore", "compile"]
)
def test_sigterm_before_the_first_step_saves_one_and_asks_for_another_start(
  train, folders, uninterrupted, tmp_path, monkeypatch, place
):
  made = getattr(*place)

  def terminated_meanwhile(*arguments):
    os.kill(os.getpid(), signal.SIGTERM)
    return made(*arguments)

  monkeypatch.setattr(*place, terminated_meanwhile)
  with pytest.raises(Preempted, match="after step 1"):
    train(config(folders), tmp_path)
  monkeypatch.undo()
  train(config(folders), tmp_path)
  assert weights(tmp_path) == weights(uninterrupted[0])


def test_an_evaluation_that_sigterm_left_out_is_made_up(train, folders, tmp_path, monkeypatch):
  """The best of the run is then the same, whatever step it stopped after."""
  options = {"checkpoint__export": "best", "checkpoint__every": 8}
  found = train(config(folders, **options), tmp_path / "whole")
  asked = Preemption.requested

  def at_the_evaluation(self, step):
    return step == 4 or asked(self, step)

  monkeypatch.setattr(Preemption, "requested", at_the_evaluation)
  with pytest.raises(Preempted, match="after step 4"):
    train(config(folders, **options), tmp_path / "stopped")
  monkeypatch.undo()
  assert train(config(folders, **options), tmp_path / "stopped") == found
  assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")
  measured = [
    {
      line["step"]: line["validation/srcc"]
      for line in lines(tmp_path / name)
      if "validation/srcc" in line
    }
    for name in ("whole", "stopped")
  ]
  assert measured[0] == measured[1] and sorted(measured[0]) == [4, 8]


@pytest.mark.parametrize("source", ["", "model"])
def test_another_runs_backbone_is_taken_without_its_heads(folders, uninterrupted, source):
  workdir, _ = uninterrupted
  trained, _ = pretrained.load_model(workdir / "model")
  changes = {"model__pretrained": str(workdir / source), "data__auxiliary_target": "distribution"}
  here = config(folders, seed=1, model__aux_activation="softmax", **changes)
  variables = init_state.initial_variables(setup.prepare(here), here)
  for part in ("params", "batch_stats"):
    given, taken = trained[part]["backbone"], variables[part]["backbone"]
    jax.tree.map(np.testing.assert_array_equal, given, taken)
  head = ("params", "aesthetics", "out", "kernel")
  assert np.any(_get(trained, head) != _get(variables, head))


def _get(tree, path):
  for name in path:
    tree = tree[name]
  return tree


def test_pretrained_of_another_backbone_is_refused(folders, uninterrupted):
  workdir, _ = uninterrupted
  here = config(folders, model__pretrained=str(workdir / "model"), model__backbone="densenet121")
  with pytest.raises(UserError, match="holds another backbone"):
    init_state.initial_backbone(setup.prepare(here), here)


def test_a_finished_run_started_again_trains_no_further(train, folders, uninterrupted, monkeypatch):
  workdir, _ = uninterrupted
  before = weights(workdir)
  monkeypatch.setattr(sharding, "put_batch", None)
  train(config(folders), workdir)
  assert weights(workdir) == before


def test_another_config_in_the_same_workdir_is_refused_by_field(train, folders, uninterrupted):
  workdir, _ = uninterrupted
  with pytest.raises(
    UserError, match=r"with other settings \(optim.lr_heads 0.1 -> 0.2; seed 0 -> 1\)"
  ):
    train(config(folders, optim__lr_heads=0.2, seed=1), workdir)
  free = {"log__every": 1, "data__workers": 2, "train__fsdp": 2, "model__remat": "blocks"}
  train(config(folders, **free), workdir)


def test_one_compilation_and_only_explicit_transfers(folders, tmp_path, monkeypatch):
  make, traces = loop.make_train_step, []

  def counting(*args, **kwargs):
    step = make(*args, **kwargs)

    def counted(state, batch):
      traces.append(1)
      return step(state, batch)

    return counted

  monkeypatch.setattr(loop, "make_train_step", counting)
  train = functools.partial(loop.train, programs=Programs())
  train(config(folders), tmp_path / "counted")
  assert len(traces) == 1
  train(config(folders, seed=1), tmp_path / "another seed")
  assert len(traces) == 1
  train(config(folders, train__gamma=0.5), tmp_path / "another loss")
  assert len(traces) == 2
  monkeypatch.setattr(sharding, "put_batch", lambda batch, mesh: batch)
  with pytest.raises(Exception, match="Disallowed host-to-device transfer"):
    train(config(folders), tmp_path / "guarded")


def test_a_batch_that_the_devices_cannot_share_evenly_is_padded(
  train, folders, tmp_path, monkeypatch
):
  """2 x 5 images over eight devices and over one: the same losses, nothing more counted."""
  changes = {"optim__batch_size": 5, "train__eval_batch_size": 5, "optim__steps": 4}
  train(config(folders, **changes), tmp_path / "eight")
  one_device = sharding.make_mesh(devices=jax.devices()[:1])
  monkeypatch.setattr(sharding, "make_mesh", lambda fsdp: one_device)
  train(config(folders, **changes), tmp_path / "one")
  for eight, one in zip(lines(tmp_path / "eight"), lines(tmp_path / "one"), strict=True):
    timing = ("time", "seconds", "second")
    for name in (name for name in one if not name.endswith(timing)):
      assert eight[name] == pytest.approx(one[name], rel=1e-3, abs=1e-4), name


@pytest.mark.parametrize(
  ("done", "preempted", "due"),
  [
    (1, False, ""),
    (2, False, "log"),
    (3, False, "log save"),  # never saved without a look at the losses
    (4, False, "log evaluate save"),
    (1, True, "log save"),
    (4, True, "log save"),  # the machine is wanted back: no time to evaluate
    (8, False, "log evaluate save"),
  ],
)
def test_what_is_due_between_two_steps(folders, done, preempted, due):
  here = config(folders)
  decided = loop.what_is_due(setup.prepare(here), here, done, preempted)
  assert [name for name, value in decided._asdict().items() if value] == due.split()


def test_a_non_finite_loss_names_its_step_and_keeps_the_rows(train, folders, tmp_path):
  with pytest.raises(NonFiniteLoss, match=r"loss of step \d+ is (nan|inf).*optim.lr"):
    train(config(folders, optim__lr_heads=1e30, log__every=4), tmp_path)
  (saved,) = tmp_path.glob("non_finite_step_*.json")
  content = json.loads(saved.read_text())
  first = content["step"] - 1
  opened = batches.open_streams(config(folders))
  index = next(batches.train_batches(opened, config(folders), first, tiny.BATCH)).index
  names = {stream: source.names for stream, source in opened.train.items()}
  assert content["images"][0::2] == [names["aesthetics"][row] for row in index[0::2]]
  assert content["images"][1::2] == [names["auxiliary"][row] for row in index[1::2]]
  kept = [int(path.name) for path in (tmp_path / "checkpoints").iterdir() if path.name.isdigit()]
  assert all(step < content["step"] for step in kept)


@pytest.mark.parametrize("task", ["aesthetics", "auxiliary"])
def test_a_single_task_takes_as_many_steps_and_moves_its_own_head(train, folders, tmp_path, task):
  results = train(config(folders, train__tasks=task, checkpoint__export="best"), tmp_path)
  assert ("srcc" in results) == (task == "aesthetics")
  assert ("srcc_aux" in results) == (task == "auxiliary")
  assert lines(tmp_path)[-1]["step"] == STEPS


def test_every_switch_runs_together(train, folders, tmp_path):
  changes = {
    "optim__ema": 0.9,
    "optim__clip_norm": 1.0,
    "optim__warmup_steps": 2,
    "optim__schedule": "cosine",
    "optim__optimizer": "adam",
    "optim__steps": 4,
    "train__distribution_loss": "emd",
    "train__batch_norm": "separate",
    "train__fsdp": 4,
    "data__auxiliary_target": "distribution",
    "model__aux_activation": "softmax",
    "log__profile_steps": "1:2",
    "checkpoint__best": "emd",
  }
  results = train(config(folders, **changes), tmp_path)
  assert np.isfinite(results["loss_aesthetics"])
  assert list((tmp_path / "trace").rglob("*.xplane.pb"))
  model = json.loads((tmp_path / "model/config.json").read_text())
  assert model["aux_names"] == ["bucket_1", "bucket_2", "bucket_3", "bucket_4", "bucket_5"]


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"train__tasks": "both"}, "unknown train.tasks 'both'; one of joint"),
    ({"train__batch_norm": "none"}, "one of concatenated, separate"),
    ({"model__remat": "true"}, "unknown model.remat 'true'; one of none, blocks, all_but_products"),
    ({"data__auxiliary": ""}, "needs data.auxiliary"),
    ({"checkpoint__best": "accuracy"}, "checkpoint.best='accuracy' is not measured; one of"),
    ({"log__profile_steps": "20:10"}, "not of the form 10:20"),
    ({"optim__batch_size": 0}, "optim.batch_size is 0; it is 1 or more"),
    ({"train__fsdp": 3}, "does not divide"),
    ({"train__norm_groups": 3}, "train.norm_groups=3 does not divide optim.batch_size=8"),
    ({"log__every": 0}, "log.every is 0; it is 1 or more"),
    ({"checkpoint__keep": 0}, "checkpoint.keep is 0"),
    ({"data__workers": -1}, "data.workers is -1; it is 0 or more"),
  ],
)
def test_a_config_that_cannot_run_is_one_line(train, folders, tmp_path, changes, message):
  with pytest.raises(UserError, match=message) as error:
    train(config(folders, **changes), tmp_path)
  assert "\n" not in str(error.value)


def test_a_workdir_that_cannot_be_written_is_one_line(train, folders, tmp_path):
  (tmp_path / "file").write_text("")
  with pytest.raises(UserError, match=r"config\.json cannot be written"):
    train(config(folders), tmp_path / "file" / "run")


def test_a_workdir_in_a_bucket_is_refused_before_anything_is_made(
  train, folders, tmp_path, monkeypatch
):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(UserError, match="gs://bucket/run is an address"):
    train(config(folders), "gs://bucket/run")
  assert not list(tmp_path.iterdir())


def test_memory_is_logged_where_the_device_tells(monkeypatch):
  from paiaa_jax.training import step_metrics

  class Device:
    def memory_stats(self):
      return {"peak_bytes_in_use": 2**31}

  monkeypatch.setattr(jax, "local_devices", lambda: [Device()])
  assert step_metrics._memory() == {"device_memory_gib": 2.0}
