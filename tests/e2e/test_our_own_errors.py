"""A fault of the program keeps its traceback and exits with 1; a UserError alone is one line."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The verb runs as on a command line, but for a function of ours that is replaced.
COMMANDS = {
  "paiaa": """
    from paiaa_jax import cli
    from paiaa_jax.photos import verbs
    verbs.doctor = broken
    sys.argv = ["paiaa", "doctor"]
    cli.main()
  """,
  "launch": """
    import runpy
    from paiaa_jax.data import databases
    databases.DATABASES["ava"] = broken
    sys.argv[0:1] = ["launch.prepare_data", "--dataset=ava", "--source=.", "--verify_only"]
    runpy.run_module("launch.prepare_data", run_name="__main__", alter_sys=True)
  """,
}
FAULTS = {
  "ValueError": "list(zip([1], [1, 2], strict=True))",
  "OSError": "raise OSError('nothing that a user named')",
}


def run(command, fault, child_env, *arguments):
  lines = [line.strip() for line in COMMANDS[command].splitlines()]
  code = "\n".join(["import sys", "def broken(*_, **__):", f"  {fault}", *lines])
  return subprocess.run(
    [sys.executable, "-c", code, *arguments],
    cwd=ROOT,
    env=child_env,
    capture_output=True,
    text=True,
    check=False,
  )


@pytest.mark.parametrize(
  ("command", "told"), [("paiaa", "ValueError"), ("launch", "ValueError"), ("launch", "OSError")]
)
def test_an_internal_error_keeps_its_traceback(command, told, child_env):
  done = run(command, FAULTS[told], child_env)
  assert done.returncode == 1
  assert "Traceback" in done.stderr and ", in broken" in done.stderr
  assert done.stderr.strip().splitlines()[-1].startswith(told)
  assert "error: " not in done.stderr


def test_verbosity_1_shows_the_traceback_of_a_user_error_too(child_env):
  fault = "from paiaa_jax.errors import UserError; raise UserError('mend this')"
  done = run("launch", fault, child_env, "--verbosity=1")
  assert done.returncode == 1
  assert "Traceback" in done.stderr and "UserError: mend this" in done.stderr
