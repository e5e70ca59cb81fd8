"""A workdir belongs to one run."""

import pytest

from paiaa_jax import files, workdir
from paiaa_jax.errors import UserError


def test_a_workdir_belongs_to_one_config(tmp_path):
  file = tmp_path / "run" / "config.json"
  workdir.claim(file, {"a": {"b": (1, 2)}, "log": {"every": 1}})
  workdir.claim(file, {"a": {"b": [1, 2]}, "log": {"every": 2}}, free=("log.",))
  assert files.read_json(file)["log"]["every"] == 2
  with pytest.raises(UserError, match=r"run holds .*\(a\.b \[1, 2\] -> 3; c 'absent' -> 4\)"):
    workdir.claim(file, {"a": {"b": 3}, "c": 4, "log": {"every": 2}})
  workdir.claim(file, {"a": {"b": 3}}, free=("",))
  assert files.read_json(file) == {"a": {"b": 3}}
  workdir.claim(tmp_path / "other.json", {}, write=False)
  assert not (tmp_path / "other.json").exists()


def test_a_claim_that_grows_keeps_what_either_side_alone_has(tmp_path):
  file = tmp_path / "study.json"
  workdir.claim(file, {"folds": 10, "ava": "one"}, grows=True)
  workdir.claim(file, {"folds": 10, "other": "two"}, grows=True)
  assert files.read_json(file) == {"folds": 10, "ava": "one", "other": "two"}
  with pytest.raises(UserError, match="ava 'one' -> 'three'"):
    workdir.claim(file, {"ava": "three"}, grows=True)
