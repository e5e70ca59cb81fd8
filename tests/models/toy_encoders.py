"""The encoders' own classes with few and narrow blocks, under names of their families."""

from paiaa_jax.models.backbones import convnext, vit
from paiaa_jax.models.network import BACKBONES

WIDTH, DEPTH, HEADS = 32, 2, 4
STAGES, WIDTHS = (1, 1, 2, 1), (8, 12, 16, 24)


class DINOv2(vit.DINOv2):
  FEATURES, DEPTH, HEADS, GRID_SIZE, INPUT_SIZE = WIDTH, DEPTH, HEADS, 56, 56


class SmallPatches(DINOv2):
  """For images of 16 pixels, to whose 4 x 4 patches the positions are interpolated."""

  PATCH, GRID_SIZE, INPUT_SIZE = 4, 24, 24


class CLIP(vit.CLIP):
  FEATURES, DEPTH, HEADS, PATCH, GRID_SIZE, INPUT_SIZE = WIDTH, DEPTH, HEADS, 16, 64, 64


class SigLIP(vit.SigLIPB16):
  FEATURES, DEPTH, HEADS, PATCH, GRID_SIZE, INPUT_SIZE = WIDTH, DEPTH, HEADS, 16, 64, 64


class ConvNeXtV1(convnext.ConvNeXtV1):
  DEPTHS, WIDTHS, FEATURES, INPUT_SIZE = STAGES, WIDTHS, WIDTHS[-1], 64


class ConvNeXtV2(convnext.ConvNeXtV2):
  DEPTHS, WIDTHS, FEATURES, INPUT_SIZE = STAGES, WIDTHS, WIDTHS[-1], 64


class TwoStages(ConvNeXtV2):
  """For images of 16 pixels, of which four stages would leave none."""

  DEPTHS, WIDTHS, FEATURES, INPUT_SIZE = STAGES[:2], WIDTHS[:2], WIDTHS[1], 16


TOYS = {
  "dinov2_toy": DINOv2,
  "clip_toy": CLIP,
  "siglip_toy": SigLIP,
  "convnext_toy": ConvNeXtV1,
  "convnextv2_toy": ConvNeXtV2,
}
BACKBONES |= {**TOYS, "dinov2_toy_4": SmallPatches, "convnextv2_toy_16": TwoStages}
