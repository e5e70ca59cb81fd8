"""ViTs and ConvNeXts against timm's, transformers' and torchvision's on random weights, in torch.

Each is skipped where its library is not installed: none is needed at run time.
"""

import functools

import jax
import numpy as np
import pytest

from paiaa_jax.models.network import BACKBONES, backbone_class
from paiaa_jax.models.weights import pretrained
from tests.models import toy_encoders
from tests.models.toy_encoders import DEPTH, HEADS, STAGES, WIDTH, WIDTHS

torch = pytest.importorskip("torch", reason="torch is the oracle; install torch==2.13.0+cpu")
VIT = {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS, "num_classes": 0}
VIT |= {"dynamic_img_size": True}
STAGED = {"depths": STAGES, "dims": WIDTHS}
TIMM = {  # toy -> timm's model, and how it is made as small
  "dinov2_toy": ("vit_small_patch14_reg4_dinov2", VIT | {"img_size": 56}),
  "clip_toy": ("vit_base_patch16_clip_quickgelu_224", VIT | {"img_size": 64}),
  # big_vision and transformers use the approximate GELU, timm's base the exact one
  "siglip_toy": ("vit_base_patch16_siglip_224", VIT | {"img_size": 64, "act_layer": "gelu_tanh"}),
  "convnext_toy": ("convnext_tiny", STAGED),
  "convnextv2_toy": ("convnextv2_tiny", STAGED),
}
OTHER_SIZE = {"dinov2_toy": 98, "clip_toy": 48, "siglip_toy": 80, "convnext_toy": 97}
MEMBERS = {  # ours -> timm's
  "dinov2_vit_s14": "vit_small_patch14_reg4_dinov2",
  "dinov2_vit_b14": "vit_base_patch14_reg4_dinov2",
  "dinov2_vit_l14": "vit_large_patch14_reg4_dinov2",
  "clip_vit_b32": "vit_base_patch32_clip_quickgelu_224",
  "clip_vit_b16": "vit_base_patch16_clip_quickgelu_224",
  "clip_vit_l14": "vit_large_patch14_clip_quickgelu_224",
  "siglip_vit_b16": "vit_base_patch16_siglip_224",
  "convnext_tiny": "convnext_tiny",
  "convnext_small": "convnext_small",
  "convnext_base": "convnext_base",
  "convnextv2_atto": "convnextv2_atto",
  "convnextv2_nano": "convnextv2_nano",
  "convnextv2_tiny": "convnextv2_tiny",
  "convnextv2_base": "convnextv2_base",
}


@pytest.fixture(scope="module")
def timm(torchvision):
  return pytest.importorskip("timm", reason="timm is the oracle; pip install timm==1.0.31")


@pytest.fixture(scope="module")
def transformers(torchvision):
  return pytest.importorskip("transformers", reason="pip install transformers==5.24.0")


def randomize(network):
  """Weights of which none is 0 or 1, as those of scales and norms are at first."""
  generator = torch.Generator().manual_seed(0)
  for name, weight in network.named_parameters():
    centre = float(weight.ndim == 1 and not name.endswith("bias"))
    weight.data = centre + 0.1 * torch.randn(weight.shape, generator=generator)
  return network.eval()


def images(name, size):
  return np.random.default_rng(0).normal(size=(2, size, size, 3)).astype(np.float32)


def in_torch(x):
  return torch.from_numpy(x.transpose(0, 3, 1, 2))


def close(ours, theirs):
  theirs = theirs.detach().numpy()
  assert ours.shape == theirs.shape
  assert np.abs(np.asarray(ours) - theirs).max() <= 1e-4 * np.abs(theirs).max()


@functools.cache
def program(name):
  """(variables, images) -> features, and the output of each block by its name."""
  module = BACKBONES[name]()

  def of_block(inner, method):
    return method == "__call__" and "block" in (inner.name or "")

  return jax.jit(
    lambda variables, x: module.apply(
      variables, x, capture_intermediates=of_block, mutable=["intermediates"]
    )
  )


@pytest.mark.parametrize("other", [False, True], ids=["own size", "another size"])
@pytest.mark.parametrize("name", TIMM)
def test_features_of_every_depth_are_timms(timm, tmp_path, name, other):
  theirs, fields = TIMM[name]
  network = randomize(timm.create_model(theirs, **fields))
  torch.save(network.state_dict(), tmp_path / "weights.pth")
  variables = pretrained.load(name, tmp_path / "weights.pth")
  x = images(name, OTHER_SIZE.get(name, 97) if other else BACKBONES[name].INPUT_SIZE)
  seen = []
  stages = getattr(network, "stages", [network])
  for block in (block for stage in stages for block in stage.blocks):
    block.register_forward_hook(lambda module, inputs, output: seen.append(output))
  with torch.no_grad():
    deepest = network.forward_features(in_torch(x))
    expected = network.forward_head(deepest, pre_logits=True)
  features, inner = program(name)(variables, x)
  close(features, expected)
  ours = [inner["intermediates"][block]["__call__"][0] for block in blocks_of(name)]
  for block, output in zip(ours, seen, strict=True):
    close(block, output if block.ndim == 3 else output.permute(0, 2, 3, 1))


def blocks_of(name):
  cls = BACKBONES[name]
  if hasattr(cls, "DEPTH"):
    return [f"block{i}" for i in range(cls.DEPTH)]
  return [f"stage{stage}_block{i}" for stage, depth in enumerate(cls.DEPTHS) for i in range(depth)]


def in_transformers(transformers, name):
  """(the model as a repository of the hub holds it, the part that gives pooled features)."""
  shape = {"hidden_size": WIDTH, "num_hidden_layers": DEPTH, "num_attention_heads": HEADS}
  sides = {"intermediate_size": 4 * WIDTH, "image_size": 64, "patch_size": 16}
  staged = {"hidden_sizes": list(WIDTHS), "depths": list(STAGES)}
  if name == "dinov2_toy":
    config = transformers.Dinov2WithRegistersConfig(**shape, image_size=56, patch_size=14)
    model = transformers.Dinov2WithRegistersModel(config)
    return model, model
  if name in ("clip_toy", "siglip_toy"):
    kind = {"clip_toy": "CLIP", "siglip_toy": "Siglip"}[name]
    text = {**shape, "vocab_size": 9, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    config = getattr(transformers, f"{kind}Config")(
      text_config=text | {"intermediate_size": 8}, vision_config=shape | sides
    )
    model = getattr(transformers, f"{kind}Model")(config)
    return model, model.vision_model
  kind = {"convnext_toy": "ConvNext", "convnextv2_toy": "ConvNextV2"}[name]
  config = getattr(transformers, f"{kind}Config")(**staged)
  model = getattr(transformers, f"{kind}ForImageClassification")(config)
  return model, getattr(model, kind.lower())


@pytest.mark.parametrize("name", TIMM)
def test_features_are_those_of_a_folder_that_transformers_saved(transformers, tmp_path, name):
  model, part = in_transformers(transformers, name)
  randomize(model).save_pretrained(tmp_path)
  variables = pretrained.load(name, tmp_path / "model.safetensors")
  x = images(name, BACKBONES[name].INPUT_SIZE)
  with torch.no_grad():
    expected = part(in_torch(x)).pooler_output
  close(program(name)(variables, x)[0], expected)


def test_logits_are_torchvisions(torchvision):
  convnext = torchvision.models.convnext
  sizes = zip(WIDTHS, [*WIDTHS[1:], None], STAGES, strict=True)
  network = randomize(convnext.ConvNeXt([convnext.CNBlockConfig(*size) for size in sizes]))
  weights = {key: weight.numpy() for key, weight in network.state_dict().items()}
  x = images("convnext_toy", 64)
  variables = pretrained.from_torch("convnext_toy", weights, head=True)
  logits = jax.jit(toy_encoders.ConvNeXtV1(num_classes=1000).apply)(variables, x)
  with torch.no_grad():
    close(logits, network(in_torch(x)))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_has_timms_widths_and_as_many_weights(timm, name, monkeypatch):
  cls = backbone_class(name)
  with torch.device("meta"):
    whole = timm.create_model(MEMBERS[name])
    few = {"depth": 1} if hasattr(cls, "DEPTH") else {"depths": (1, 1, 1, 1)}
    shapes = {
      key: w.shape for key, w in timm.create_model(MEMBERS[name], **few).state_dict().items()
    }
  x = jax.ShapeDtypeStruct((1, cls.INPUT_SIZE, cls.INPUT_SIZE, 3), np.float32)
  ours = jax.eval_shape(cls().init, jax.random.key(0), x)["params"]
  classifier = getattr(whole, "head", None)
  classifier = getattr(classifier, "fc", classifier)
  theirs = sum(weight.numel() for weight in whole.parameters())
  theirs -= sum(weight.numel() for weight in classifier.parameters())
  folded = cls.FEATURES if name.startswith("clip") else 0  # the class token's position
  assert sum(leaf.size for leaf in jax.tree.leaves(ours)) == theirs - folded

  cut = type("Cut", (cls,), {"DEPTH": 1, "DEPTHS": (1, 1, 1, 1)})
  monkeypatch.setitem(BACKBONES, f"{name}_cut", cut)
  arrays = {key: np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()}
  loaded = pretrained.from_torch(f"{name}_cut", arrays)["params"]
  assert jax.tree.map(np.shape, loaded) == {
    part: jax.tree.map(np.shape, ours[part]) for part in loaded
  }
