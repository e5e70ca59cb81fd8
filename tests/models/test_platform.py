"""What XLA is asked for on the CPU, read off a compiled program."""

import jax
import jax.numpy as jnp
import pytest

from paiaa_jax.models.platform import compiler_options, traced_for_elsewhere

PIXELS, KERNEL = jnp.ones((2, 40, 40, 32)), jnp.ones((3, 3, 32, 32))


def program(options) -> str:
  def convolve(x, kernel):
    names = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=names)

  lowered = jax.jit(convolve, compiler_options=options).lower(PIXELS, KERNEL)
  return lowered.compile().as_text()


@pytest.mark.skipif(not compiler_options(), reason="this jaxlib has no such option")
def test_convolutions_stay_xla_s_own():
  assert "__ynn_fusion" in program({})
  assert "__ynn_fusion" not in program(compiler_options())


def test_a_program_for_elsewhere_gets_none_and_changes_nothing_for_those_here():
  here = compiler_options()
  with traced_for_elsewhere():
    assert compiler_options() == {}
  assert compiler_options() == here
