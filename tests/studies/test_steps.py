"""Work is done again when its flags, its config or what it rests on have changed; else never."""

from studies import steps


def test_work_is_redone_when_what_it_rests_on_has_changed(tmp_path):
  config, did = tmp_path / "run.py", []
  body = "import ml_collections\nget_config = lambda: ml_collections.ConfigDict(dict(a={}))"

  def run(*flags, after=""):
    command = ["launch.train", f"--config={config}", *flags]
    return steps.run(tmp_path / "mark", "train", command, lambda: did.append(flags), after=after)

  config.write_text(body.format(1))
  first = run("--x=1")
  assert run("--x=1") == first and len(did) == 1
  changed = [run("--x=2")]
  config.write_text(body.format(2))
  changed += [run("--x=2"), run("--x=2", after=first), run("--x=2", after=changed[0])]
  assert len({first, *changed}) == 5 and len(did) == 5
  run("--x=2", after=changed[0])
  assert len(did) == 5


def test_work_that_failed_leaves_no_mark(tmp_path):
  def fail():
    raise OSError("No space left on device")

  for _ in range(2):
    try:
      steps.run(tmp_path / "mark", "train", ["launch.train"], fail)
    except OSError:
      assert not (tmp_path / "mark").exists()
    else:
      raise AssertionError("the failure was swallowed")
