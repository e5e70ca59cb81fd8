"""A step is done again when its command, its config or what it rests on has changed; else never."""

import sys

import pytest

from studies import steps
from studies.steps import Command, Step

CONFIG = "import ml_collections\nget_config = lambda: ml_collections.ConfigDict(dict(a={}))"


def test_a_step_is_redone_when_what_it_rests_on_has_changed(tmp_path):
  config, did = tmp_path / "run.py", []
  here = {"train": lambda command: did.append("train"), "evaluate": lambda _: did.append("test")}

  def run(**flags):
    train = Step("train", "train", Command("train", str(config), flags=flags))
    evaluate = Step("test", "evaluate", Command("evaluate"), after=("train",))
    did.clear()
    steps.run(tmp_path / "steps", [train, evaluate], here=here)
    return list(did)

  config.write_text(CONFIG.format(1))
  assert run(x=1) == ["train", "test"]
  assert run(x=1) == []
  assert run(x=2) == ["train", "test"]
  assert run(x=1) == ["train", "test"]  # their outputs are those of x = 2
  config.write_text(CONFIG.format(2))
  assert run(x=1) == ["train", "test"]
  (tmp_path / "steps" / "test").unlink()
  assert run(x=1) == ["test"]


def test_work_that_failed_leaves_no_mark(tmp_path):
  def fail():
    raise OSError("No space left on device")

  step = Step("train", "train", lambda: None)
  steps.run(tmp_path, [step])
  assert steps.is_done(tmp_path, step)
  failing = Step("train", "train anew", fail)
  with pytest.raises(OSError, match="No space"):
    steps.run(tmp_path, [failing])
  assert not steps.is_done(tmp_path, failing)
  assert not steps.is_done(tmp_path, step)  # what it had written may be half replaced


def test_a_command_s_failure_ends_the_process_with_its_own_code(tmp_path, monkeypatch, capfd):
  monkeypatch.setattr(sys, "executable", "/bin/false")
  first = Step("train", "train", Command("train", flags={"x": "a b"}))
  with pytest.raises(SystemExit) as stopped:
    steps.run(tmp_path, [first, Step("later", "later", lambda: pytest.fail("was run"))], place="1 ")
  assert stopped.value.code == 1 and not steps.is_done(tmp_path, first)
  said = capfd.readouterr().err
  assert "== 1 train\n   python -m launch.train '--x=a b'\n" in said
  assert "stopped at 'train'" in said


def test_what_a_step_prints_is_in_its_log(tmp_path, capfd):
  steps.run(tmp_path, [Step("say", "say it", lambda: print("said"))])
  assert (tmp_path / "say.log").read_text() == "said\n"
  assert capfd.readouterr().out == ""
