"""A tiny network, its optimiser and random batches, for tests of single steps."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from paiaa_jax.models.network import Network
from paiaa_jax.training import optim
from paiaa_jax.training.step import create_state
from paiaa_jax.types import Batch
from tests.training import tiny

NETWORK = Network("tiny", num_buckets=5, head_widths=(8,))


def make_optimizer(**options):
  schedule = optim.make_schedule("constant", decay=1.0, steps_per_epoch=1, total_steps=1)
  rates = {"lr_backbone": 0.05, "lr_heads": 0.1}
  return optim.make_optimizer("sgd", schedule, **rates, **options)


def make_state(optimizer, *, network=NETWORK, ema=False):
  """A new state each time: a step donates the one it is given."""
  variables = jax.tree.map(jnp.array, _first_variables(network))
  return create_state(variables, optimizer, ema=ema, seed=0)


@functools.cache
def _first_variables(network):
  image = np.zeros((1, tiny.SIZE, tiny.SIZE, 3), np.uint8)
  return jax.jit(network.init)(jax.random.key(0), image)


def make_batch(n=16, seed=0):
  """A joint batch: even rows have a distribution, odd rows traits."""
  random = np.random.default_rng(seed)
  even = (np.arange(n) % 2 == 0).astype(np.float32)
  return Batch(
    image=random.integers(0, 256, (n, tiny.SIZE, tiny.SIZE, 3), np.uint8),
    distribution=random.dirichlet(np.ones(5), n).astype(np.float32) * even[:, None],
    aux=random.uniform(-1, 1, (n, 5)).astype(np.float32) * (1 - even[:, None]),
    has_distribution=even,
    has_aux=1 - even,
    index=np.arange(n, dtype=np.int32),
  )
