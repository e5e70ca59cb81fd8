"""Stage 2 on this machine's device, beside numpy's loop on its CPU and torch on the same device.

  python -m benchmarks.device_stage2 [--most=1000000]

The protocol is benchmarks.fusion's: 37 users x 50 splits x k of 10 and 100, with held-out SROCC.
Then one fit a user for up to a million users of 100 ratings: weights under a prior, the way
launch.personalize takes for shards, with the blocks on the device already and from the host's
memory; and `evaluate`, with one split a user. A figure is the fastest of a few calls.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import fusion
from paiaa_jax import personalization as pz
from paiaa_jax.personalization import blocks, evaluation
from paiaa_jax.personalization.prior import NOISE_STEPS, Prior

RATINGS, SAMPLE = 100, 2_000  # ratings a user; users of a loop's sample


def fastest(run: Callable, repeats: int) -> float:
  """Seconds of the fastest of `repeats` calls after one that warms up."""
  times = []
  for _ in range(repeats + 1):
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
  return min(times[1:])


def torch_batched(users: pz.Users, position: np.ndarray) -> Callable | None:
  """benchmarks.fusion.batched_numpy on the device by torch; None without torch or a GPU."""
  try:
    import torch
  except ImportError:
    return None
  if not torch.cuda.is_available():
    return None
  arrays = (users.generic, users.outputs, users.ratings, users.valid, position)
  generic, x, ratings, valid, place = (torch.from_numpy(np.array(a)).cuda() for a in arrays)
  place = place.transpose(1, 2)  # [u, s, n]
  unit = fusion.PENALTY * torch.eye(fusion.OUTPUTS, device="cuda")

  def share_below(values: torch.Tensor) -> torch.Tensor:
    mine, other = values[:, :, None], values[:, None, :]
    return ((mine > other).float() + 0.5 * (mine == other).float()).transpose(1, 2)

  def pearson(a: torch.Tensor, b: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    count = mask.sum(-1, keepdim=True)
    a, b = ((v * mask - (v * mask).sum(-1, keepdim=True) / count) * mask for v in (a, b))
    return (a * b).sum(-1) / ((a * a).sum(-1) * (b * b).sum(-1)).sqrt()

  def run() -> np.ndarray:
    products = (x[..., :, None] * x[..., None, :]).flatten(2)
    columns = torch.cat([products, x * (ratings - generic)[..., None]], -1)
    above = [share_below(values) for values in (ratings, generic)]
    results = []
    for k in fusion.SHOTS:
      held_out = ((place >= k) & valid[:, None]).float()
      sums = (place < k).float() @ columns
      gram = sums[..., : fusion.OUTPUTS**2].unflatten(-1, (fusion.OUTPUTS, fusion.OUTPUTS)) + unit
      weights = torch.linalg.solve(gram, sums[..., fusion.OUTPUTS**2 :, None])[..., 0]
      scores = generic[:, None] + weights @ x.transpose(1, 2)
      ranks = scores.masked_fill(held_out == 0, torch.inf).argsort(-1).argsort(-1).float()
      of_ratings, of_generic = (held_out @ share for share in above)
      results.append([pearson(r, of_ratings, held_out) for r in (ranks, of_generic)])
    return torch.stack([torch.stack(pair) for pair in results]).cpu().numpy()

  return run


def protocol() -> None:
  """Prints 3,700 fits by everyone."""
  users = fusion.simulate()
  splits = pz.draw_splits(users, pz.Protocol(fusion.SHOTS, fusion.SPLITS))
  position = np.asarray(splits.position)
  on_device = jax.device_put((users, splits))
  solvers = {
    "ours, ridge of fixed penalty": pz.ridge((fusion.PENALTY,), intercept=False),
    "ours, ridge of averaged penalties": pz.ridge(intercept=False),
    "ours, sgd": pz.sgd(),
    "ours, empirical Bayes": pz.empirical_bayes(),
  }
  loop = fusion.strong_loop(users, position)
  seconds = {
    "numpy loop on the CPU": fastest(lambda: fusion.strong_loop(users, position), 1),
    "batched numpy on the CPU": fastest(lambda: fusion.batched_numpy(users, position), 10),
  }
  batched = torch_batched(users, position)
  if batched:
    assert_close(batched()[:, 0], loop)
    seconds["torch, batched"] = fastest(batched, 50)
  for name, solver in solvers.items():

    def run(solver=solver):
      return jax.block_until_ready(
        evaluation.fit_and_rank(solver, *on_device, None, keep_scores=False)
      )

    start = time.perf_counter()
    found = run()
    print(f"{name}: first call {time.perf_counter() - start:.1f} s")
    if name == "ours, ridge of fixed penalty":
      assert_close(np.asarray(found.srcc_personal), loop)
    seconds[name] = fastest(run, 50)
  print(f"{'3,700 fits and their SROCC':36}{'ms':>10}{'loop / this':>14}")
  for name, value in seconds.items():
    print(f"{name:36}{1e3 * value:>10.3f}{seconds['numpy loop on the CPU'] / value:>14.1f}")


def assert_close(ours: np.ndarray, theirs: np.ndarray) -> None:
  """Within 1e-3 on all but 0.5 % of fits: float32 scores may tie where float64 ones do not."""
  apart = np.abs(ours - theirs) > 1e-3
  assert apart.mean() <= 0.005, apart.mean()


def posterior_loop(block: np.ndarray, prior: Prior) -> np.ndarray:
  """Posterior means [u, d] by `linalg`, user after user."""
  mean, covariance, noise0, count0 = (np.asarray(leaf, np.float64) for leaf in prior)
  precision = np.linalg.inv(covariance)
  pull, results = precision @ mean, []
  for columns in block:
    x, target = columns[:, :-1], columns[:, -1]
    gram, cross, energy, count = x.T @ x, x.T @ target, target @ target, x[:, -1].sum()
    noise = noise0
    for step in range(NOISE_STEPS + 1):
      scaled = np.linalg.inv(gram + noise * precision)
      weights = scaled @ (cross + noise * pull)
      if step == NOISE_STEPS:
        break
      second = noise * scaled + np.outer(weights, weights)
      wrong = max(energy - 2 * weights @ cross + (second * gram).sum(), 0)
      noise = (count0 * noise0 + wrong) / (count0 + count)
    results.append(weights)
  return np.array(results)


def many_users(most: int) -> None:
  """Prints microseconds a user of one fit each, 100 ratings and five outputs a user."""
  random = np.random.default_rng(0)
  prior = Prior(jnp.zeros(6), jnp.eye(6), jnp.float32(1), jnp.float32(10))
  columns = random.normal(size=(8192 * RATINGS, 7)).astype(np.float32)
  columns[:, -2] = 1
  rows = blocks.Rows(columns, np.arange(8193) * RATINGS)
  ((_, block),) = blocks.lay_out(rows, blocks.BLOCK_RATINGS)
  fit = blocks.compile_fit(jax.local_devices())
  found = np.asarray(fit(block, prior).mean)[:SAMPLE]
  some = np.asarray(block[:SAMPLE, :RATINGS], np.float64)
  gap = np.abs(found - posterior_loop(some, prior)).max()
  loop = fastest(lambda: posterior_loop(some, prior), 1) / SAMPLE
  print(f"numpy loop: {1e6 * loop:.1f} us a user; weights differ by {gap:.1e} at most")
  print(f"{'users':>10}{'on the device':>16}{'from the host':>16}{'loop / this, each':>24}")
  resident = jax.device_put(block)
  for users in (10**power for power in range(3, 1 + round(np.log10(most)))):
    count = -(-users // len(block))  # blocks; the last is padded

    def fit_all(source, count=count):
      jax.block_until_ready([fit(source, prior) for _ in range(count)])

    here, there = (fastest(lambda b=b: fit_all(b), 3) / users for b in (resident, block))
    ratios = f"{loop / here:.0f}, {loop / there:.0f}"
    print(f"{users:>10}{1e6 * here:>13.4f} us{1e6 * there:>13.3f} us{ratios:>24}", flush=True)


def evaluate_many(most: int) -> None:
  """Prints seconds of `evaluate` with one split a user, k of 10 and 50."""
  random = np.random.default_rng(0)
  for u in (10**power for power in range(4, 1 + round(np.log10(most)))):
    shape = (u, RATINGS)
    images = pz.make_images(random.normal(3, 0.5, 200_000), random.normal(0, 0.3, (200_000, 5)))
    row = random.integers(0, 200_000, shape, np.int32)
    users = pz.make_users(images, row, random.integers(1, 6, shape))
    start = time.perf_counter()
    splits = pz.draw_splits(users, pz.Protocol((10, 50), 1))
    drawing = time.perf_counter() - start
    prior = Prior(jnp.zeros(6), jnp.eye(6), jnp.float32(1), jnp.float32(10))
    given = jax.device_put((users, splits))
    for name, solver, state in (
      ("ridge", pz.ridge((1.0,)), None),
      ("empirical_bayes", pz.empirical_bayes(), prior),
    ):

      def run(solver=solver, state=state, given=given):
        jax.block_until_ready(evaluation.fit_and_rank(solver, *given, state, keep_scores=False))

      seconds = fastest(run, 3)
      print(
        f"evaluate {name}, {u} users: {1e3 * seconds:.2f} ms, {1e6 * seconds / u:.4f} us a user "
        f"(drawing the splits, on the CPU: {drawing:.1f} s)",
        flush=True,
      )


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--most", type=int, default=1_000_000, help="users at the end")
  most = parser.parse_args().most
  print(f"{jax.devices()[0].device_kind}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
  protocol()
  many_users(most)
  evaluate_many(most)


if __name__ == "__main__":
  main()
