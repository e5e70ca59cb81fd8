"""What the steps of run.py left in a workdir -> tables, plots and one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from paiaa_jax import files
from paiaa_jax.data import images
from paiaa_jax.personalization import statistics
from paiaa_jax.personalization.held_out import LEVEL
from paiaa_jax.reporting import figures, page
from paiaa_jax.reporting.page import Picture, Section
from paiaa_jax.reporting.table import Table, interval, mean_std
from studies.oasis import gallery, pictures
from studies.oasis.study import Study
from studies.oasis.tune import TASKS
from studies.paired import paired

CEILING = "not attainable"  # a row that knows the other users' ratings of held-out photographs
HEADLINE = "taste"
CURVES = ("empirical_bayes", "taste", "ridge")


def write(config: ConfigDict, data: Study, workdir: Path) -> Path:
  """Writes <workdir>/report.html, tables/ and figures/ from the steps' files."""
  sections = [image_section(config, workdir), *people_sections(config, workdir)]
  if config.tune.seeds:
    sections.append(tuned_section(config, workdir))
  sections.append(gallery_section(data, workdir))
  facts = {
    "backbone": f"{config.backbone}, ImageNet weights, frozen unless said otherwise",
    "seeds": ", ".join(map(str, config.seeds)),
    "command": "python -m launch.oasis --source=DIR --workdir=runs/oasis",
  }
  lead = (
    "OASIS-beauty: photographs rated for beauty (1..7) by real people. Every photograph is scored "
    "by heads that were fitted without its fold; the users personalised are not among those whose "
    "ratings the heads and priors saw."
  )
  return page.write(workdir, "Measured on real people", lead, sections, facts)


def image_section(config: ConfigDict, workdir: Path) -> Section:
  seeds = [files.read_json(workdir / "image_level" / f"seed{seed}.json") for seed in config.seeds]
  table = Table(
    "oasis_images", f"Image level, held-out photographs, {len(seeds)} seeds (mean ± deviation)",
    ("features", "SROCC", "SROCC fold by fold", "PLCC", "RMSE", "EMD", "valence", "arousal"),
  )  # fmt: skip
  for name in seeds[0]:

    def over_seeds(key, name=name):
      values = [np.mean(one[name][key]) for one in seeds]
      return mean_std((np.mean(values), np.std(values, ddof=1) if len(values) > 1 else np.nan))

    keys = ("srcc", "srcc_by_fold", "plcc", "rmse", "emd", "srcc_valence", "srcc_arousal")
    table.add(name, *(over_seeds(key) for key in keys))
  table.notes = [
    "Target: the distribution of the other users' scores, the first block of users left out. "
    "Heads: kernel ridge.",
    "valence, arousal: SROCC of the auxiliary outputs with the norms.",
  ]
  return Section("Generic scores", "", [table])


def people_sections(config: ConfigDict, workdir: Path) -> list[Section]:
  blocks = [files.read_arrays(file) for file in sorted((workdir / "people").glob("block*.npz"))]
  headline = people_table(config, blocks[:1], "headline")
  everyone = people_table(config, blocks, "everyone")
  k = config.shots[-1]
  generic, personal = (joined(blocks[:1], f"{name}/{k}/srcc") for name in ("generic", HEADLINE))
  bars = figures.people_bars(generic, personal, f"{HEADLINE}, k = {k}")
  gains = {
    name: [
      joined(blocks, f"{name}/{k}/srcc") - joined(blocks, f"generic/{k}/srcc") for k in config.shots
    ]
    for name in CURVES
  }
  count = len(gains[HEADLINE][0])
  curve = pictures.gain_curve(config.shots, gains, f"{count} users")
  coverage, width = (joined(blocks, f"{HEADLINE}/{k}/{field}") for field in ("coverage", "width"))
  calibration = figures.coverage_by_person(coverage, width, LEVEL)
  captions = {
    "people": f"As Fig. 6: generic SROCC and the change at k = {k}, one bar a user.",
    "curve": "Gain over the generic score, with the 95 % interval of the mean over users.",
    "calibration": f"{LEVEL:.0%} intervals at k = {k}, {HEADLINE}.",
  }
  plots = {"people": bars, "curve": curve, "calibration": calibration}
  shown = [Picture(f"oasis_{name}", captions[name], plot) for name, plot in plots.items()]
  first = "The headline: the first block of the first seed."
  rest = "Each block's other users are everyone else; stage 1 is fitted anew for it."
  return [
    Section("One draw of users", first, [headline], shown[:1]),
    Section("All blocks of users", rest, [everyone], shown[1:]),
  ]


def people_table(config: ConfigDict, blocks: Sequence[dict[str, Any]], name: str) -> Table:
  count = sum(len(block["ids"]) for block in blocks)
  columns = ("solver", "k", "SROCC", "gain", "95 % of the gain", "p", "within 90 %", "width")
  title = f"Per user: SROCC on the ratings held out, {count} users"
  table = Table(f"oasis_{name}", title, (*columns, "users above 80 %"))
  solvers = [key.split("/")[0] for key in blocks[0] if key.endswith(f"/{config.shots[0]}/srcc")]
  solvers = [
    solver
    for solver in solvers
    if all(f"{solver}/{config.shots[0]}/srcc" in block for block in blocks)
  ]
  for solver in solvers:
    for k in config.shots:
      generic, ours = (joined(blocks, f"{which}/{k}/srcc") for which in ("generic", solver))
      test = statistics.compare_users(ours[:, None], generic[:, None])
      half = 1.96 * np.nanstd(ours - generic, ddof=1) / np.sqrt(len(ours))
      gain = float(np.nanmean(ours - generic))
      coverage, width = (joined(blocks, f"{solver}/{k}/{field}") for field in ("coverage", "width"))
      stated = np.isfinite(coverage).any()
      table.add(
        solver, k, float(np.nanmean(ours)),
        None if solver == "generic" else f"{gain:+.3f}",
        None if solver == "generic" else interval(gain - half, gain + half),
        None if test["p_value"] is None else f"{test['p_value']:.1g}",
        float(np.nanmean(coverage)) if stated else None,
        float(np.nanmean(width)) if stated else None,
        float(np.mean(coverage >= 0.8)) if stated else None,
        **({"origin": CEILING} if solver == "other users' mean" else {}),
      )  # fmt: skip
  table.notes = [
    "A user's splits are averaged first. p: Wilcoxon's signed-rank test over users.",
    "users above 80 %: of whose held-out ratings at least 80 % lie in their intervals.",
    "other users' mean: no error at all; it knows their ratings of held-out photographs.",
  ]
  return table


def tuned_section(config: ConfigDict, workdir: Path) -> Section:
  tune = config.tune
  title = "The backbone trained: joint against single task, each seed on its held-out fold"
  by_seed = tuple(f"seed {seed}" for seed in tune.seeds)
  columns = ("tasks", *by_seed, "mean", "95 % of the difference", "valence", "arousal")
  table = Table("oasis_joint", title, columns)
  runs = {
    tasks: [files.read_json(workdir / "tuned" / f"{tasks}_{seed}.json") for seed in tune.seeds]
    for tasks in TASKS
  }
  srcc = {tasks: np.array([run["srcc"] for run in done]) for tasks, done in runs.items()}
  for tasks, done in runs.items():
    norms = [
      float(np.mean([run[f"srcc_{name}"] for run in done])) for name in ("valence", "arousal")
    ]
    table.add(tasks, *map(float, srcc[tasks]), float(srcc[tasks].mean()), None,
              *(norms if tasks == "joint" else (None, None)))  # fmt: skip
  gap = srcc["joint"] - srcc["aesthetics"]
  mean, low, high = paired(gap)
  table.add("difference", *map(float, gap), mean, interval(low, high), None, None)
  table.notes = [
    f"{tune.epochs:g} epochs at {tune.size} px, batches of {tune.batch_size}, {tune.pooling}, "
    f"rates {tune.lr_backbone:g} (backbone) and {tune.lr_heads:g} (heads).",
    "Both runs of a seed share first weights, batches and dropout.",
    "The interval is Student's over seeds; each seed draws its own folds.",
  ]
  return Section("Does the auxiliary task help?", "", [table])


def gallery_section(data: Study, workdir: Path) -> Section:
  chosen = files.read_arrays(workdir / "gallery.npz")
  shown = [np.asarray(images.load(data.paths[row])) for row in chosen["photo"]]
  figure = pictures.two_people(shown, chosen["generic"], chosen["scores"], chosen["ratings"])
  caption = (
    f"As Fig. 7: A is {chosen['ids'][0]}, B is {chosen['ids'][1]}, after {gallery.SHOTS} ratings "
    "each, none of them of these photographs. Pair and photographs are chosen by ratings alone."
  )
  return Section("Two users who disagree", "", [], [Picture("oasis_gallery", caption, figure)])


def joined(blocks: Sequence[dict[str, Any]], key: str) -> np.ndarray:
  """A figure of every user of all blocks [u], their splits averaged."""
  return np.concatenate([statistics.finite_mean(block[key], axis=1) for block in blocks])
