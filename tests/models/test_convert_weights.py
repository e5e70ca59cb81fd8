"""launch.convert_weights: a folder that training reads, or one line that says what to mend."""

import hashlib
import json

import jax
import numpy as np
import pytest

from paiaa_jax.models.weights import pretrained
from tests import children

NAME = "efficientnet_lite0"


@pytest.fixture
def convert(child_env):
  def run(*arguments):
    env = {**child_env, "HF_HUB_OFFLINE": "1"}
    return children.run("launch.convert_weights", *arguments, env=env)

  return run


def test_the_folder_holds_the_backbone_and_says_where_it_came_from(convert, tmp_path):
  source, out = pretrained.packaged_path(NAME), tmp_path / "weights"
  done = convert(source, f"--backbone={NAME}", f"--out={out}", "--head")
  assert (done.returncode, done.stderr) == (0, "")
  variables, config = pretrained.load_model(out)
  expected = pretrained.load(NAME, source, head=True)
  ours = {kind: variables[kind]["backbone"] for kind in expected}
  jax.tree.map(np.testing.assert_array_equal, ours, expected)
  assert config == json.loads(done.stdout)
  assert config["source_sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
  assert config["preprocessing"]["image_size"] == 224


WRONG = {
  "no source": ((), "one source"),
  "two sources": (("x.pth", "--from_hub=timm/x"), "one source"),
  "no such file": (("none.pth",), "none.pth"),
  "an unknown backbone": (("x.pth", "--backbone=vgg"), "inception_v3, densenet121"),
  "a stray argument": (("x.pth", "y.pth"), "y.pth"),
  "offline": (("--from_hub=timm/inception_v3.tv_in1k",), "--from_hub"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_without_a_traceback(convert, tmp_path, case):
  arguments, expected = WRONG[case]
  done = convert("--backbone=inception_v3", f"--out={tmp_path / 'out'}", *arguments)
  assert done.returncode != 0
  assert expected in done.stderr and "Traceback" not in done.stderr
  assert not (tmp_path / "out").exists()
