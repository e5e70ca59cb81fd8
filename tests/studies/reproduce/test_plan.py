"""Which runs the paper's tables take, and that each command alone would do what its step does."""

import re
from pathlib import Path

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.workdir import flatten
from studies import config_file
from studies.reproduce import plan
from studies.reproduce.claim import claim
from studies.reproduce.runs import RELEASED, Run
from studies.reproduce.study import AVA, FLICKR, from_config

CONFIGS = ("configs/reproduce.py", "configs/reproduce_simulated.py")


def study(config, workdir=Path("runs/x")):
  return from_config(config_file.load(config).to_dict(), workdir)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_field_that_a_run_sets_is_one_of_the_run_config(config):
  for chain in plan.chains(study(config), plan.PARTS):
    for command in (step.do for step in chain.steps if step.do.config):
      run = command.resolved()  # a misspelt field is a KeyError
      assert dict(command.fields).items() <= flatten(run.to_dict()).items()


@pytest.mark.parametrize("config", CONFIGS)
def test_each_step_of_a_chain_has_its_mark_and_rests_on_the_first(config):
  one = study(config)
  for chain in plan.chains(one, plan.PARTS):
    first, *others = (step.name for step in chain.steps)
    assert len({first, *others}) == len(chain.steps)
    assert {step.after for step in chain.steps[1:]} == {(first,)}
  fewer = plan.chains(one._replace(num_splits=3), plan.PARTS)  # other figures in the same files
  names = [[step.name for step in chain.steps] for chain in fewer]
  assert names == [[step.name for step in chain.steps] for chain in plan.chains(one, plan.PARTS)]


def test_the_paper_takes_ten_folds_by_two_systems_two_backbones_and_two_kinds_of_traits():
  names = [chain.name for chain in plan.chains(study(CONFIGS[0]), ["table2"])]
  assert len(names) == len(set(names)) == 10 * 2 * 2 * 2


def test_a_run_that_several_tables_need_is_trained_once():
  one = study(CONFIGS[1])
  chains = plan.chains(one, plan.PARTS)
  assert len({chain.name for chain in chains}) == len(chains)
  by_name = {chain.name: chain for chain in chains}
  shared = by_name["pa_iaa.efficientnet_lite0.ava+psychoflickr.seed0"]  # Tables I to IV, Fig. 5
  verbs = [step.do.verb for step in shared.steps]
  assert verbs.count("train") == 1 and verbs.count("evaluate") == 3


def test_systems_of_the_ablation_differ_in_what_they_should_and_in_nothing_else():
  one = study(CONFIGS[1])
  fields = {
    chain.name.partition(".")[0]: chain.steps[0].do.fields
    for chain in plan.chains(one, ["ablation"])
    if "seed3" in chain.name
  }
  same = ("seed", "optim.steps", "optim.batch_size", "data.aesthetics", "data.image_size")
  for name in same:
    assert len({str(of[name]) for of in fields.values()}) == 1
  assert fields["mt_iaa"]["data.auxiliary_target"] == "distribution"
  assert fields["aesthetics"]["data.auxiliary"] == ""  # not whatever the run config names


def test_the_released_preset_is_trained_by_the_config_of_its_database():
  one = study(CONFIGS[0])
  for database in (AVA, FLICKR):
    run = Run("pa_iaa", "inception_v3", database, "psychoflickr", preset=RELEASED)
    assert run.config(one) == f"configs/{database}.py:inception_v3,released"
    kept = flatten(config_file.load(run.config(one)).model.to_dict())
    assert not {f"model.{field}" for field in kept} & run.overrides(one).keys()


def test_as_many_trainings_as_the_configs_say():
  for config in CONFIGS:
    said = re.findall(r"(\d+) (?:trainings|small networks)", Path(config).read_text())
    assert said == [str(len(plan.chains(study(config), plan.PARTS)))]


def test_a_workdir_holds_one_reproduction(tmp_path):
  one = study(CONFIGS[1], tmp_path)
  claim(one)
  claim(one._replace(shots=(5,), seeds=(0, 7)))  # more seeds, other people's shots: more rows
  with pytest.raises(UserError, match=r"folds 10 -> 5; seed of the simulation 0 -> 1"):
    claim(one._replace(folds=5, seeds=(1,)))


def test_a_database_that_is_not_named_is_told_by_its_field():
  one = study(CONFIGS[0])._replace(databases={"ava": "/data/ava"})
  with pytest.raises(UserError, match=r"config\.databases\.psychoflickr"):
    plan.chains(one, ["table1"])
