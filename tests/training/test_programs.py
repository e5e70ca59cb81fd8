"""Compiled steps are shared by the runs that may share them, and no more are kept than asked."""

import types

from paiaa_jax.training.programs import Programs


def test_the_step_that_was_not_used_for_longest_goes_first():
  programs, compiled = Programs(limit=2), []

  def step_of(network):
    run = types.SimpleNamespace(network=network, mesh="mesh")
    return programs.eval_step(run, lambda: compiled.append(network) or network)

  for network in ("a", "b", "a", "c", "a", "b"):
    assert step_of(network) == network
  assert compiled == ["a", "b", "c", "b"]
