"""A model folder that comes with the package, from the distributors' files of OASIS-beauty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from paiaa_jax import files
from paiaa_jax.data.images import PREPROCESSING
from paiaa_jax.models import frozen_network
from paiaa_jax.models.frozen_heads import Heads
from paiaa_jax.models.frozen_network import FrozenNetwork
from paiaa_jax.models.weights import pretrained
from paiaa_jax.models.weights.model_folder import model_id
from paiaa_jax.personalization.posterior import TastePrior
from paiaa_jax.photos import prior_file
from studies.default_model import heads, inputs, measure, taste
from studies.default_model.copies import DAMAGES
from studies.default_model.heads import SCALE, Inputs
from studies.default_model.inputs import Look
from studies.oasis.study import Study

BACKBONE = "efficientnet_lite0"
AUX_NAMES = ("valence", "arousal")
TRAINED_ON = "ratings of beauty by {raters} people of {photographs} photographs (OASIS-beauty)"
LEARNED_FROM = "{raters} raters of OASIS-beauty, fold by fold of themes and category by category"
SOURCES = {
  "photographs": "OASIS (Kurdi, Lozano and Banaji, Behavior Research Methods 2017); those used are "
  "in the public domain",
  "ratings": "beauty, 1 to 7: Brielmann and Pelli, Frontiers in Psychology 10:2420 (2019); valence "
  "and arousal: the norms of OASIS. Published by their authors without a licence statement",
  "backbone": "EfficientNet-Lite0, ImageNet weights of the package efficientnet-lite0-pytorch-"
  "model (Apache-2.0), not in this folder",
}
ASSUMPTIONS = (
  "That blur and wrong exposure lower a score is an assumption: nobody rated the degraded copies "
  "that the heads learn from, of {copied} of the photographs, each taken to be scored {points} "
  "points lower. So is the lowest score, which uniform frames are given."
)
LIMITS = (
  "Raters judged 500 x 400 pixel photographs on a screen, of animals, objects, people and scenery. "
  "The figure by theme is the one to expect of a stranger's photographs. Among uniform frames some "
  "score above the lowest photographs. The model knows motif better than technique; overexposure "
  "and noise are told worst. Its valence and arousal are norms of an image, not traits of a person."
)


def network(look: Look) -> FrozenNetwork:
  return frozen_network.on_packaged(BACKBONE, len(SCALE), shrinks=look.shrinks)


def read(data: Study, look: Look, workdir: Path) -> tuple[Inputs, np.ndarray]:
  """What the heads are fitted to, and features of damaged photographs; kept in `workdir`."""
  extract = inputs.Extract(network(look), look.pixels, workdir)
  found = inputs.read(data, extract)
  return found, inputs.damaged(data, measure.checked(found.names), extract)


def write(data: Study, look: Look, found: Inputs, figures: dict, out: Path) -> None:
  """Fits heads to all photographs, a prior to all users, and writes the folder with its card."""
  fitted = heads.fit(found, np.ones(len(found.names), bool))
  prior = taste.fit_prior(found, data.ratings, measure.categories(data), float(fitted["width"]))
  points = [damage.points for damage in DAMAGES]
  config = {
    "trained_on": TRAINED_ON.format(raters=len(data.users), photographs=len(data.images)),
    "sources": SOURCES,
    "assumptions": ASSUMPTIONS.format(
      copied=heads.COPIED, points=f"{min(points):g} to {max(points):g}"
    ),
    "limits": LIMITS,
    "figures": figures,
  }
  save(look, fitted, prior, out, **config)
  told = config | {
    "figures": json.dumps(figures, indent=1),
    "model_id": model_id(out),
    "sizes": " and ".join(str(look.pixels // shrink) for shrink in look.shrinks),
    "fast": "fast " if look == inputs.FAST else "",
    "option": " --fast" if look == inputs.FAST else "",
  }
  files.write_text(out / "README.md", CARD.format(**told))


def save(look: Look, fitted: Heads, prior: TastePrior, out: Path, **told: Any) -> None:
  """Writes a model folder of these heads and what other users tell; told: more of config.json."""
  config = frozen_network.config(
    network(look), look.pixels, PREPROCESSING, SCALE.tolist(), AUX_NAMES
  )
  pretrained.save_model(out, {"heads": fitted}, config | told)
  learned_from = {"learned_from": LEARNED_FROM.format(raters=taste.USERS)}
  files.write_json(out / prior_file.NAME, prior_file.to_json(prior) | learned_from)


CARD = """# The {fast}model that comes with paiaa-jax

How beautiful people in general find a photograph: a distribution over the scores 1 to 7, and its
valence and arousal in [-1, 1]. Model id `{model_id}`.

Trained on {trained_on}.

- **Photographs**: {sources[photographs]}.
- **Ratings**: {sources[ratings]}.
- **Backbone**: {sources[backbone]}. It is frozen: multi-level features at {sizes} pixels, of a
  photograph and its mirror image, standardised, squashed by tanh, projected on 256 coordinates.
  The heads are kernel ridge on those, in closed form.
- **Assumptions**: {assumptions}
- **Limits**: {limits}

Made again by `python -m launch.default_model --source=DIR --out=FOLDER{option}`, DIR holding the
distributors' OASIS.csv, corrData.mat and images/.

## Figures

SROCC with people's mean score, of photographs that the heads never saw: folds by photograph, and by
theme (no photograph of a theme in training); the mean over five draws of five folds. The weights
of the degraded copies were chosen by such folds and photographs, so what they show is a little
kind. `lost_to_technique` is what the degraded copies
cost, over the same folds. `scored_lower`: of how many held-out photographs the damaged version has
the lower score; motion blur and noise were never trained on. The uniform frames were.

```json
{figures}
```
"""
