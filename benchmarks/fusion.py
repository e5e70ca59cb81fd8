"""Stage 2, 37 users x 50 splits x k of 10 and 100, against two loops and against batched numpy.

    python -m benchmarks.fusion [--repeats=N]

The strong loop is `linalg.solve` of numpy and `rankdata` of scipy, the weak one scikit-learn's
`Ridge` and `spearmanr`. All versions run in turn, in one process; a figure is that of the fastest
turn. Beside it stands the CPU time of the leanest turn, which other work disturbs less.
Timed: fit, predict and SROCC, personal and (but for the strong loop) generic. Apart: compiling, and
drawing the splits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from absl import app, flags
from rich.console import Console
from rich.table import Table
from scipy import stats
from sklearn.linear_model import Ridge

from benchmarks import ratios
from paiaa_jax import personalization as pz
from paiaa_jax.personalization import evaluation

USERS, IMAGES, OUTPUTS, SHOTS, SPLITS = 37, 171, 5, (10, 100), 50
PENALTY = 1.0
SELDOM = {"loop": 20, "strong loop": 5, "ours, empirical Bayes": 10}  # one turn in so many

FLAGS = flags.FLAGS


def simulate(seed: int = 0) -> pz.Users:
  """FLICKR-AES's shape: 37 users of 105 to 171 images of their own, rated 1..5."""
  rng = np.random.default_rng(seed)
  valid = np.arange(IMAGES) < rng.integers(105, IMAGES + 1, USERS)[:, None]
  outputs = 0.1 + 0.2 * rng.normal(size=(USERS, IMAGES, OUTPUTS))
  generic = rng.normal(3, 0.5, (USERS, IMAGES))
  taste = (outputs * rng.normal(0.5, 1, (USERS, 1, OUTPUTS))).sum(-1)
  ratings = np.clip(np.round(generic + taste + rng.normal(0, 0.7, valid.shape)), 1, 5)
  images = pz.make_images(generic.ravel(), outputs.reshape(-1, OUTPUTS))
  row = np.arange(USERS * IMAGES).reshape(USERS, IMAGES)
  return pz.make_users(images, row, ratings, valid, image_ids=np.tile(np.arange(IMAGES), USERS))


def loop(users: pz.Users, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """One fit at a time: personal and generic SROCC [shots, u, s]."""
  all_generic, all_outputs = users.generic, users.outputs
  results = np.zeros((2, len(SHOTS), USERS, SPLITS))
  for i, k in enumerate(SHOTS):
    for u in range(USERS):
      generic, x, ratings = all_generic[u], all_outputs[u], users.ratings[u]
      for s in range(SPLITS):
        drawn = position[u, :, s] < k
        train, test = drawn & users.valid[u], ~drawn & users.valid[u]
        model = Ridge(alpha=PENALTY, fit_intercept=False)
        model.fit(x[train], (ratings - generic)[train])
        personal = generic[test] + model.predict(x[test])
        results[0, i, u, s] = stats.spearmanr(personal, ratings[test]).statistic
        results[1, i, u, s] = stats.spearmanr(generic[test], ratings[test]).statistic
  return results[0], results[1]


def strong_loop(users: pz.Users, position: np.ndarray) -> np.ndarray:
  """One fit at a time by `linalg.solve`, ranks by `rankdata`: personal SROCC [shots, u, s].

  Whatever splits share is outside the inner loop, and SROCC is of the personal scores alone.
  """
  results = np.zeros((len(SHOTS), USERS, SPLITS))
  penalty = PENALTY * np.eye(OUTPUTS, dtype=np.float32)
  for u, (generic, x, ratings, valid) in enumerate(
    zip(users.generic, users.outputs, users.ratings, users.valid, strict=True)
  ):
    residuals = ratings - generic
    for s in range(SPLITS):
      for i, k in enumerate(SHOTS):
        drawn = position[u, :, s] < k
        train, test = np.flatnonzero(drawn & valid), np.flatnonzero(~drawn & valid)
        seen = x[train]
        weights = np.linalg.solve(seen.T @ seen + penalty, seen.T @ residuals[train])
        a, b = map(stats.rankdata, (generic[test] + x[test] @ weights, ratings[test]))
        a, b = a - a.mean(), b - b.mean()
        results[i, u, s] = a @ b / np.sqrt((a @ a) * (b @ b))
  return results


def batched_numpy(users: pz.Users, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """All fits of one k at once: personal and generic SROCC [shots, u, s]."""
  generic, x, ratings, valid = users.generic, users.outputs, users.ratings, users.valid
  target = ratings - generic
  products = (x[..., :, None] * x[..., None, :]).reshape(USERS, IMAGES, -1)
  columns = np.concatenate([products, x * target[..., None]], axis=-1)
  above = [_share_below(np.asarray(values)).swapaxes(1, 2) for values in (ratings, generic)]
  results = []
  order = position.transpose(0, 2, 1)  # [u, s, n]
  for k in SHOTS:
    train = (order < k).astype(np.float32)
    held_out = (order >= k) & valid[:, None]
    sums = train @ columns
    gram = sums[..., : OUTPUTS**2].reshape(USERS, SPLITS, OUTPUTS, OUTPUTS)
    gram = gram + PENALTY * np.eye(OUTPUTS, dtype=np.float32)
    weights = np.linalg.solve(gram, sums[..., OUTPUTS**2 :, None])[..., 0]
    scores = np.where(held_out, generic[:, None] + weights @ x.swapaxes(1, 2), np.inf)
    ranks = np.empty(scores.shape, np.float32)  # predictions of real numbers hardly ever tie
    places = np.broadcast_to(np.arange(IMAGES, dtype=np.float32), ranks.shape)
    np.put_along_axis(ranks, np.argsort(scores, axis=-1), places, axis=-1)
    of_ratings, of_generic = (held_out.astype(np.float32) @ share for share in above)
    results.append([_pearson(r, of_ratings, held_out) for r in (ranks, of_generic)])
  personal, generic = (np.stack(side) for side in zip(*results, strict=True))
  return personal, generic


def _share_below(values: np.ndarray) -> np.ndarray:
  """[u, n] -> [u, n, n]: 1 where image j's value is below image i's, 0.5 where equal."""
  mine, other = values[:, :, None], values[:, None, :]
  return (mine > other).astype(np.float32) + 0.5 * (mine == other).astype(np.float32)


def _pearson(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> np.ndarray:
  count = mask.sum(-1, keepdims=True)
  a, b = (np.where(mask, v - np.sum(v, -1, keepdims=True, where=mask) / count, 0) for v in (a, b))
  norm = np.einsum("usn,usn->us", a, a) * np.einsum("usn,usn->us", b, b)
  with np.errstate(invalid="ignore"):
    return np.einsum("usn,usn->us", a, b) / np.sqrt(norm)


class Seconds(NamedTuple):
  """Of a call: the first one, and then the fastest in wall and the leanest in CPU time."""

  first: float
  wall: float
  cpu: float


def compare(repeats: int) -> tuple[dict[str, Seconds], float]:
  """Times every version in turn and checks that they agree; the seconds to draw come second."""
  users = simulate()
  start = time.perf_counter()
  splits = pz.draw_splits(users, pz.Protocol(SHOTS, SPLITS))
  drawing = time.perf_counter() - start
  position = np.asarray(splits.position)
  on_device = jax.device_put((users, splits))

  def ours(solver: pz.Solver) -> Callable:
    return lambda: jax.block_until_ready(
      evaluation.fit_and_rank(solver, *on_device, None, keep_scores=False)
    )

  versions = {
    "loop": lambda: loop(users, position),
    "strong loop": lambda: strong_loop(users, position),
    "numpy": lambda: batched_numpy(users, position),
    "ours": ours(pz.ridge((PENALTY,), intercept=False)),
    "ours, ridge of averaged penalties": ours(pz.ridge(intercept=False)),
    "ours, sgd": ours(pz.sgd()),
    "ours, empirical Bayes": ours(pz.empirical_bayes()),
  }
  outputs, first = {}, {}
  for name, run in versions.items():
    start = time.perf_counter()
    outputs[name] = run()
    first[name] = time.perf_counter() - start
  check_agreement(outputs["ours"], outputs["numpy"], outputs["loop"])
  check_personal(outputs["ours"], outputs["strong loop"])
  turns = {name: [] for name in versions}
  for turn in range(repeats):
    for name, run in versions.items():
      if turn % SELDOM.get(name, 1) == 0:
        turns[name].append(measure(run))
  return {name: Seconds(first[name], *np.min(turns[name], axis=0)) for name in versions}, drawing


def measure(run: Callable) -> tuple[float, float]:
  """Wall and CPU seconds, of all threads."""
  wall, cpu = time.perf_counter(), time.process_time()
  run()
  return time.perf_counter() - wall, time.process_time() - cpu


def check_agreement(ours: pz.Evaluation, *others: tuple[np.ndarray, np.ndarray]) -> None:
  """Generic SROCC within 1e-5; personal within 1e-3 on all but 0.5 % of fits."""
  for personal, generic in others:
    np.testing.assert_allclose(ours.srcc_generic, generic, atol=1e-5)
    check_personal(ours, personal)


def check_personal(ours: pz.Evaluation, personal: np.ndarray) -> None:
  """Float32 scores may tie where float64 ones do not."""
  apart = np.abs(ours.srcc_personal - personal) > 1e-3
  assert apart.mean() <= 0.005, apart.mean()


def main(_) -> None:
  seconds, drawing = compare(FLAGS.repeats)
  bases = ("loop", "strong loop", "numpy")
  table = Table("version", "first call, s", "then, ms", "CPU, ms", *(f"{b} / this" for b in bases))
  for name, one in seconds.items():
    over = [f"{seconds[b].wall / one.wall:.1f} ({seconds[b].cpu / one.cpu:.1f})" for b in bases]
    table.add_row(name, f"{one.first:.1f}", f"{1e3 * one.wall:.2f}", f"{1e3 * one.cpu:.2f}", *over)
  console = Console()
  console.print("3,700 fits with held-out SROCC; ratios by the clock (and in CPU time)", table)
  console.print(f"drawing the splits: {1e3 * drawing:.0f} ms")
  console.print(f"{ratios.machine()}, {jax.devices()[0].device_kind}")
  found = []
  for name, one in seconds.items():
    for base in bases if name.startswith("ours") else ():
      over = seconds[base].wall / one.wall, seconds[base].cpu / one.cpu
      found.append(ratios.Ratio(f"3,700 fits, {name}", base, 1e3 * one.wall, *over))
  ratios.save("fusion", found)


if __name__ == "__main__":
  flags.DEFINE_integer("repeats", 41, "Turns of every version; of slow ones, see SELDOM.")
  app.run(main)
