"""Scoring and metrics on this machine's device, beside torch on it and scipy on the CPU.

  python -m benchmarks.device_scoring [--backbone=inception_v3] [--images=1024] [--batch=256]

Images are random and lie in the host's memory for `predict`, which takes them there and brings
distributions, outputs and features back; `network` is the compiled forward pass on a batch that is
on the device. Weights are random, so `differs` is that of scores of an untrained network.
"""

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch needs memory beside us

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import jax
import numpy as np
from scipy import stats

from benchmarks.device_stage2 import fastest
from benchmarks.train_step import random_variables
from paiaa_jax import metrics
from paiaa_jax.distribution import mean_score
from paiaa_jax.models.network import BACKBONES, DTYPES, Network
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights import pretrained
from paiaa_jax.types import TRAITS, Prediction

BUCKETS, TURN = 10, 20  # batches that are started before the last is waited for


def save_model(folder: Path, network: Network, variables: dict, size: int) -> None:
  """A model folder of these weights."""
  fields = ("backbone", "num_buckets", "aux_names", "dtype")
  config = {
    "network": {name: getattr(network, name) for name in fields},
    "preprocessing": {"image_size": size},
    "scale": list(range(1, BUCKETS + 1)),
    "aux_names": list(TRAITS),
    "tasks": "joint",
  }
  pretrained.save_model(folder, variables, config)


def scoring(backbone: str, size: int, images: int, batch: int) -> None:
  """Prints images a second of the predictor and of the compiled network, by type."""
  random = np.random.default_rng(0)
  pixels = random.integers(0, 256, (images, size, size, 3), np.uint8)
  some, scale = jax.device_put(pixels[:batch]), list(range(1, BUCKETS + 1))
  scores = {}
  for dtype in DTYPES:
    network = Network(backbone, BUCKETS, TRAITS, dtype=dtype)
    variables = random_variables(network, (size, size, 3))
    with tempfile.TemporaryDirectory() as folder:
      save_model(Path(folder) / "model", network, variables, size)
      predictor = Predictor(Path(folder) / "model", batch_size=batch)
    apply = cast(Callable[..., Prediction], network.apply)
    variables, compiled = jax.device_put(variables), jax.jit(apply)
    with jax.default_matmul_precision("highest"):
      exact = jax.jit(lambda v, x, f=apply: f(v, x))(variables, some)
    exact = mean_score(np.asarray(exact.distribution), scale)
    scores[dtype] = mean_score(predictor.predict(pixels[:batch]).distribution, scale)
    gaps = {"float32": np.abs(scores[dtype] - scores["float32"]).max()}
    gaps["full precision"] = np.abs(scores[dtype] - exact).max()
    whole = images / fastest(lambda p=predictor: p.predict(pixels), 3)

    def turn(compiled=compiled, variables=variables):
      jax.block_until_ready([compiled(variables, some) for _ in range(TURN)])

    alone = TURN * batch / fastest(turn, 5)
    told = ", ".join(f"{gap:.1e} from {name}" for name, gap in gaps.items())
    print(f"{dtype}: predict {whole:.0f}, network {alone:.0f} images/s; scores differ by {told}")
    for name, rate in torch_rates(backbone, pixels[:batch], dtype).items():
      print(f"{dtype}: {name} {rate:.0f} images/s, ours / {name} {alone / rate:.2f}", flush=True)


def torch_rates(backbone: str, pixels: np.ndarray, dtype: str) -> dict[str, float]:
  """Images a second of the same network in torch, as it stands and compiled, where it is there."""
  try:
    import torch

    from benchmarks import torch_reference
  except ImportError:
    return {}
  if not hasattr(torch_reference.import_torchvision().models, backbone):
    return {}
  where = torch_reference.device()
  torch.backends.cudnn.benchmark = True
  torch.set_float32_matmul_precision("high")
  network = torch_reference.Network(backbone, BUCKETS, len(TRAITS))
  network = network.to(where, memory_format=torch.channels_last).eval()
  if dtype == "bfloat16":
    network = network.to(torch.bfloat16)
  image = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).to(where)
  image = image.contiguous(memory_format=torch.channels_last)
  forms: dict[str, Callable] = {"torch": network}
  if where == "cuda":
    forms["torch.compile"] = torch.compile(network)

  def turn(form: Callable) -> None:
    with torch.inference_mode():
      for _ in range(TURN):
        told = form(image)
      told[0].float().sum().item()  # waits

  return {
    name: TURN * len(pixels) / fastest(lambda form=form: turn(form), 5)
    for name, form in forms.items()
  }


def correlations() -> None:
  """Prints milliseconds of SRCC and tau-b, and scipy's."""
  random = np.random.default_rng(0)
  for name, sizes, ours, theirs in (
    ("srcc", (10_000, 235_000, 1_000_000), metrics.srcc, stats.spearmanr),
    ("krcc", (1_000, 10_000, 20_000), metrics.krcc, stats.kendalltau),
  ):
    jitted = jax.jit(ours)
    for n in sizes:
      x = random.normal(size=n).astype(np.float32)
      y = np.round(x + random.normal(size=n), 1).astype(np.float32)  # ties
      a, b = jax.device_put((x, y))
      gap = abs(float(jitted(a, b)) - theirs(x, y).statistic)
      mine = fastest(lambda a=a, b=b, f=jitted: f(a, b).block_until_ready(), 5)
      scipys = fastest(lambda x=x, y=y, f=theirs: f(x, y), 1)
      print(
        f"{name}, n = {n}: {1e3 * mine:.3f} ms, scipy {1e3 * scipys:.1f} ms "
        f"({scipys / mine:.0f} times), difference {gap:.1e}",
        flush=True,
      )


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--backbone", default="inception_v3", choices=BACKBONES)
  parser.add_argument("--size", type=int, default=0, help="pixels; 0: the backbone's own")
  parser.add_argument("--images", type=int, default=1024)
  parser.add_argument("--batch", type=int, default=256)
  parser.add_argument("--no_correlations", action="store_true")
  given = parser.parse_args()
  size = given.size or BACKBONES[given.backbone].INPUT_SIZE
  print(f"{jax.devices()[0].device_kind}, {given.backbone}, batches of {given.batch}")
  scoring(given.backbone, size, given.images, given.batch)
  if not given.no_correlations:
    correlations()
  memory = (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)
  print(f"ours took {memory / 2**30:.2f} GiB of the device at most")


if __name__ == "__main__":
  main()
