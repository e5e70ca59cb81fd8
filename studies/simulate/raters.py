"""Simulated raters: the latent model, in equations. No network and no solver sees these states.

Each photograph i has attributes z_i, measured on its pixels and standardised over all photographs
(composition comes from the crop): light, contrast, saturation, warmth, sharpness, clutter,
composition. With unit-variance random effects c of its source photograph (its content):

    g_i = standardised( GENERIC . z_i + LIGHT_CURVE light_i^2 + CONTENT c_i )   generic beauty
    h_ik = standardised residual, on g, of ( TRAIT_k . z_i + CONTENT c_ik )
    t_ik = TRAIT_SPREAD ( r_k g_i + sqrt(1 - r_k^2) h_ik )                   traits, k = O C E A N

so that r_k is the planted correlation of Table IV. A rater u of FLICKR-AES has five weights
w_u ~ N(0, WEIGHT_SPREAD^2) and scores on 1..5

    round( 3 + GENERIC_SPREAD g_i + w_u . t_i + RATER_NOISE e ),  clipped.

AVA's voters, many an image and unnamed, score 1..10 around 5.5 + AVA_SPREAD g_i. A person of
PsychoFlickr has traits p_u and favours, of all photographs, those of the highest
p_u . t_i / (|p_u| TRAIT_SPREAD) + FAVOURITE_NOISE e; the tables repeat p_u on each of them. What
people say of themselves agrees with that in part: SELF_AGREEMENT p_u + SELF_NOISE e.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from PIL import Image

from paiaa_jax import rng
from paiaa_jax.cores import count_cores
from paiaa_jax.types import TRAITS, Array
from studies.simulate.photographs import Photograph

ATTRIBUTES = ("light", "contrast", "saturation", "warmth", "sharpness", "clutter", "composition")
GENERIC = np.array([0.0, 0.3, 0.45, 0.1, 0.45, -0.2, 0.25])
LIGHT_CURVE = -0.3
TRAIT = np.array(
  [
    [0.0, 0.2, 0.3, -0.8, 0.0, 0.3, 0.0],  # openness: cool colours, much to see
    [0.2, 0.0, -0.5, 0.0, 0.4, -0.6, 0.3],  # conscientiousness: orderly, sober, sharp
    [0.3, 0.0, 0.7, 0.5, 0.0, 0.3, 0.0],  # extraversion: colourful, warm
    [0.4, -0.7, 0.0, 0.4, -0.3, 0.0, 0.0],  # agreeableness: light and soft
    [-0.9, 0.3, 0.0, -0.1, 0.0, 0.2, 0.0],  # neuroticism: dark
  ]
)
PLANTED = np.array([-0.20, 0.60, -0.25, 0.45, -0.45])  # signs of Table IV

# Set once, from published figures and these latent states alone, before any network was trained.
# Over 2,000 raters of the test photographs they give: the true generic score against one rater's
# ratings SROCC .57 (published, for a network's: .53), the true personal score .76 (published after
# 100 ratings: .64); with heavy tails, where most weights are small, .64 and .74.
CONTENT = 0.2
TRAIT_SPREAD = 0.2
GENERIC_SPREAD = 0.6
WEIGHT_SPREAD = 1.3
RATER_NOISE = 0.5
AVA_SPREAD, AVA_NOISE = 0.9, 1.4
FAVOURITE_NOISE = 0.5
SELF_AGREEMENT, SELF_NOISE = 0.5, 1.4  # points of -4..4
HEAVY_TAILS = 2.5  # degrees of freedom of Student's t


class Latent(NamedTuple):
  """The state of n photographs: generic beauty g [n] and traits t [n, 5]."""

  generic: np.ndarray
  traits: np.ndarray

  def take(self, rows: np.ndarray) -> Latent:
    """That of the photographs at these rows."""
    return Latent(self.generic[rows], self.traits[rows])


def latent_state(photographs: Sequence[Photograph], seed: int) -> Latent:
  """The latent state of every photograph, from its pixels."""
  with ThreadPoolExecutor(count_cores()) as pool:
    z = _standardise(np.stack(list(pool.map(attributes, photographs))))
  content = np.stack(
    [
      rng.generator(seed, f"simulate/content/{p.source}").normal(size=1 + len(TRAITS))
      for p in photographs
    ]
  )
  light = z[:, ATTRIBUTES.index("light")]
  g = _standardise(z @ GENERIC + LIGHT_CURVE * light**2 + CONTENT * content[:, 0])
  own = _standardise(z @ TRAIT.T + CONTENT * content[:, 1:])
  h = _standardise(own - np.outer(g, g @ own) / len(g))
  return Latent(g, TRAIT_SPREAD * (PLANTED * g[:, None] + np.sqrt(1 - PLANTED**2) * h))


def draw_weights(
  users: int, random: np.random.Generator, *, null: bool, heavy_tails: bool
) -> Array:
  """[users, 5] weights: Gaussian, all zero, or Student's t scaled to the same spread."""
  gaussian = random.normal(size=(users, len(TRAITS)))
  if null:
    return np.zeros_like(gaussian)
  if heavy_tails:
    tails = random.spawn(1)[0]  # so that what is drawn next is as in the run without heavy tails
    gaussian /= np.sqrt(tails.chisquare(HEAVY_TAILS, (users, 1)) / (HEAVY_TAILS - 2))
  return WEIGHT_SPREAD * gaussian


def personal_scores(latent: Latent, weights: Array) -> np.ndarray:
  """What raters would say without noise, rounding or ends of the scale. [n], [u, 5] -> [u, n]."""
  return 3 + GENERIC_SPREAD * latent.generic + weights @ latent.traits.T


def rate(scores: Array, random: np.random.Generator) -> np.ndarray:
  """Noise-free personal scores of any shape -> ratings 1..5."""
  return np.clip(
    np.round(scores + RATER_NOISE * random.normal(size=np.shape(scores))), 1, 5
  ).astype(int)


def ava_counts(latent: Latent, random: np.random.Generator) -> np.ndarray:
  """[n, 10] counts of scores 1..10, 80 to 549 votes an image."""
  votes = random.integers(80, 550, len(latent.generic))
  means = 5.5 + AVA_SPREAD * latent.generic
  counts = np.zeros((len(votes), 10), int)
  for row, (mean, number) in enumerate(zip(means, votes, strict=True)):
    scores = np.clip(np.round(mean + AVA_NOISE * random.normal(size=number)), 1, 10).astype(int)
    counts[row] = np.bincount(scores - 1, minlength=10)
  return counts


def favourites(
  latent: Latent, traits: Array, count: int, random: np.random.Generator
) -> np.ndarray:
  """Rows of the `count` photographs a person with these traits [5] likes best."""
  taste = latent.traits @ traits / (np.linalg.norm(traits) * TRAIT_SPREAD)
  return np.argsort(-(taste + FAVOURITE_NOISE * random.normal(size=len(taste))))[:count]


def self_assessed(traits: Array, random: np.random.Generator) -> np.ndarray:
  """Traits -4..4 of people [u, 5] as others see them -> as they see themselves."""
  noise = SELF_NOISE * random.normal(size=traits.shape)
  return np.clip(np.round(SELF_AGREEMENT * traits + noise), -4, 4)


def attributes(photograph: Photograph) -> np.ndarray:
  """[7] What is visible in a photograph, in the order of ATTRIBUTES."""
  pixels = np.asarray(Image.open(io.BytesIO(photograph.jpeg)), np.float32) / 255
  light = pixels.mean(-1)
  rows, columns = np.gradient(light)
  steepness = np.hypot(rows, columns)
  contrast = light.std() + 0.02
  return np.array(
    [
      light.mean(),
      contrast,
      (pixels.max(-1) - pixels.min(-1)).mean(),
      (pixels[..., 0] - pixels[..., 2]).mean(),
      np.log(np.quantile(steepness, 0.95) / contrast + 0.02),
      (steepness > 0.05).mean(),
      -abs(photograph.tilt) / 10 - photograph.off_centre,
    ]
  )


def _standardise(x: np.ndarray) -> np.ndarray:
  return (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
