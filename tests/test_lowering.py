"""Every program that is jitted, lowered for GPUs and TPUs, which this machine need not have."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from paiaa_jax import metrics
from paiaa_jax import personalization as pz
from paiaa_jax.models import kernel_ridge
from paiaa_jax.models.frozen_network import FrozenNetwork
from paiaa_jax.models.network import BACKBONES, Network
from paiaa_jax.models.platform import traced_for_elsewhere
from paiaa_jax.personalization import blocks, described, evaluation
from paiaa_jax.personalization.prior import Prior
from paiaa_jax.personalization.solvers import SOLVERS
from paiaa_jax.personalization.solvers.empirical_bayes import _fit_prior_of
from paiaa_jax.personalization.solvers.taste import _fit_process, gaussian_kernel
from paiaa_jax.training import optim, sharding
from paiaa_jax.training.step import create_state, make_eval_step, make_train_step
from paiaa_jax.types import Batch
from tests.personalization.crowd import simulate, state_of, users_of

SIZE, IMAGES, BUCKETS = 76, 2, 5  # pixels: Inception-v3 takes 75 and more
F32 = functools.partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
PIXELS = jax.ShapeDtypeStruct((IMAGES, SIZE, SIZE, 3), jnp.uint8)
BATCH = Batch(
  image=PIXELS,
  distribution=F32((IMAGES, BUCKETS)),
  aux=F32((IMAGES, 5)),
  has_distribution=F32((IMAGES,)),
  has_aux=F32((IMAGES,)),
  index=jax.ShapeDtypeStruct((IMAGES,), jnp.int32),
)

# Of a network; a frozen one and all that personalizes compute in float32 alone.
DTYPES = pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
# By name, as other tests add backbones of their own to BACKBONES.
ONE_OF_EACH = pytest.mark.parametrize(
  "backbone",
  ["inception_v3", "densenet121", "efficientnet_lite0", "dinov2_vit_s14", "convnextv2_atto"],
)


def lower(jitted, *arguments, **options) -> str:
  """The program's text, once it is lowered for both."""
  platforms = ("cuda", "tpu")
  exported = jax.export.export(jitted, platforms=platforms)(*arguments, **options)
  assert exported.platforms == platforms
  return exported.mlir_module()


def types_of_convolutions(program: str) -> set[str]:
  lines = [line for line in program.splitlines() if "stablehlo.convolution(" in line]
  return {line.split("-> tensor<")[1].split(">")[0].rpartition("x")[2] for line in lines}


@functools.cache
def shapes_of(network):
  return jax.eval_shape(network.init, jax.random.key(0), PIXELS)


@DTYPES
@ONE_OF_EACH
def test_training_and_evaluation(backbone, dtype, monkeypatch):
  monkeypatch.setattr(jax, "default_backend", lambda: "gpu")  # networks are traced as there
  network = Network(backbone, BUCKETS, head_widths=(8,), dtype=dtype)
  schedule = optim.make_schedule("constant", decay=1.0, steps_per_epoch=1, total_steps=1)
  optimizer = optim.make_optimizer("sgd", schedule, lr_backbone=0.1, lr_heads=0.1)
  create = functools.partial(create_state, optimizer=optimizer, ema=False, seed=0)
  state = jax.eval_shape(create, shapes_of(network))
  mesh = sharding.make_mesh(devices=jax.devices()[:1])
  step = make_train_step(network, optimizer)
  program = lower(sharding.jit_train_step(step, state, mesh, IMAGES), state, BATCH)
  assert types_of_convolutions(program) == {{"float32": "f32", "bfloat16": "bf16"}[dtype]}
  weights = state.params, state.batch_stats
  lower(sharding.jit_eval_step(make_eval_step(network), *weights, mesh), *weights, BATCH)


@DTYPES
@ONE_OF_EACH
def test_scoring(backbone, dtype):
  network = Network(backbone, BUCKETS, head_widths=(8,), dtype=dtype)
  with traced_for_elsewhere():
    program = lower(jax.jit(network.apply), shapes_of(network), PIXELS)
  assert types_of_convolutions(program) == {{"float32": "f32", "bfloat16": "bf16"}[dtype]}


def test_scoring_by_a_frozen_network():
  network = FrozenNetwork("efficientnet_lite0", BUCKETS)
  backbone = BACKBONES["efficientnet_lite0"](pooling="multi_level")
  weights = jax.eval_shape(backbone.init, jax.random.key(0), F32(PIXELS.shape))
  d = jax.eval_shape(network.features, weights, PIXELS).shape[1]
  m, p, outputs = 6, 7, BUCKETS + 5
  heads = {
    "scale": F32((d,)),
    "mean": F32((d,)),
    "basis": F32((d, m)),
    "offset": F32((m,)),
    "centres": F32((p, m)),
    "dual": F32((p, outputs)),
    "intercept": F32((outputs,)),
    "width": F32(()),
  }
  with traced_for_elsewhere():
    lower(jax.jit(network.apply), {"backbone": weights, "heads": heads}, PIXELS)


@functools.cache
def few_users():
  crowd = simulate(users=4, images=12, fewest=8)
  coordinates = np.random.default_rng(0).normal(size=(*crowd.valid.shape, 2))
  users = users_of(crowd, coordinates=coordinates)
  return users, pz.draw_splits(users, pz.Protocol((3,), 2))


@pytest.mark.parametrize("name", SOLVERS)
def test_fitting_and_ranking(name):
  solver, (users, splits) = SOLVERS[name](), few_users()
  lower(evaluation.fit_and_rank, solver, users, splits, state_of(name, users), keep_scores=True)


PRIOR = Prior(F32((6,)), F32((6, 6)), F32(()), F32(()))


def test_fits_of_very_many_users():
  lower(jax.jit(blocks.fit_block), F32((8, 16, 7)), PRIOR)


def test_what_other_users_tell():
  users, splits = few_users()
  lower(_fit_prior_of, users)
  lower(_fit_process, users, PRIOR, kernel=gaussian_kernel, generic=True)
  lower(described._fit, users, PRIOR, F32((4, 3)))
  lower(described._predict, F32((4, 6)), PRIOR, users, splits)


def test_heads_of_a_frozen_backbone():
  n, gram = 9, F32((9, 9))
  lower(kernel_ridge.kernel, F32((n, 7)), F32((n,)))
  lower(kernel_ridge.make_smoother, gram, F32((n,)))
  smoother = kernel_ridge.Smoother(F32((n,)), gram, gram, F32((n,)))
  lower(kernel_ridge.fit_heads, smoother, F32((n, 2)), F32((3,)))


@pytest.mark.parametrize("metric", [metrics.srcc, metrics.plcc, metrics.krcc])
def test_metrics(metric):
  lower(jax.jit(metric), F32((9,)), F32((9,)), F32((9,)))
