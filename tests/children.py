"""Commands of ours, `python -m NAME FLAGS`, as processes that need not import jax and scipy anew.

Each is forked from a server that has imported them and done nothing else: a child of its own in
a tenth of the time. What a test asks of the start itself takes `subprocess`.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import jax

ROOT = Path(__file__).parents[1]
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(  # none of them starts a thread
  ["jax", "absl.app", "ml_collections.config_flags", "flax.linen", "optax", "scipy.stats"]
)


def run(*words, cwd=ROOT, env=None):
  """The finished process of `python -m WORDS`, in this environment or `env`, as text."""
  words = [str(word) for word in words]
  with tempfile.TemporaryDirectory() as folder:
    streams = [Path(folder, name) for name in ("stdout", "stderr")]
    given = words, str(cwd), dict(os.environ if env is None else env), streams
    child = SERVER.Process(target=_run, args=given)
    child.start()
    child.join()
    told = [stream.read_text(encoding="utf-8") for stream in streams]
  return subprocess.CompletedProcess(words, child.exitcode, *told)


def _run(words, cwd, env, streams):
  """In the child: becomes the command."""
  os.chdir(cwd)
  os.environ.clear()
  os.environ.update(env)
  for number, stream in enumerate(streams, 1):
    with stream.open("w") as file:
      os.dup2(file.fileno(), number)
  for name in ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs"):
    if value := env.get(name.upper()):  # read when jax was imported
      jax.config.update(name, type(getattr(jax.config, name) or "")(value))
  sys.argv[1:] = words[1:]
  sys.path.insert(0, cwd)
  runpy.run_module(words[0], run_name="__main__", alter_sys=True)
