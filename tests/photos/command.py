"""The command `paiaa`, run in this process."""

import sys

import pytest

from paiaa_jax import cli


def runner(monkeypatch, capsys):
  """run(*arguments) -> (exit code, stdout, stderr)."""
  monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "as it was")  # and is again afterwards

  def run(*arguments):
    monkeypatch.setattr(sys, "argv", ["paiaa", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
      cli.main()
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err

  return run
