"""What is exported is the same model: its files, its StableHLO, its ONNX."""

import importlib.util
import shutil

import jax
import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.models.predictor import Predictor
from paiaa_jax.models.weights import model_folder
from paiaa_jax.photos import export

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)


def needs(module):
  found = importlib.util.find_spec(module) is not None
  return pytest.mark.skipif(not found, reason=f"{module} is not installed; it is an extra")


def test_safetensors_come_with_a_card_and_keep_the_id(model, tmp_path):
  out = export.export(model, "safetensors", tmp_path / "out")
  assert model_folder.read(out).model_id == model.model_id
  card = (out / "README.md").read_text()
  assert card.startswith("---\nlibrary_name: paiaa-jax") and model.model_id in card


def test_what_a_model_says_of_itself_goes_with_it(model, tmp_path):
  folder = shutil.copytree(model.folder, tmp_path / "told")
  (folder / "README.md").write_text("It knows {no} night.")
  told = export.card(model_folder.read(folder))
  assert "1, 2, 3, 4, 5; openness" in told and told.endswith("\nIt knows {no} night.")
  assert "in [-1, 1]" not in export.card(model._replace(aux_names=()))


@needs("flatbuffers")
def test_stablehlo_runs_without_us_on_any_number_of_images(model, tmp_path):
  out = export.export(model, "stablehlo", tmp_path / "model.stablehlo")
  program = jax.export.deserialize(out.read_bytes())
  assert program.platforms == export.PLATFORMS
  expected = Predictor(model.folder).predict(IMAGES)
  for count in (1, 3):
    distribution, aux = program.call(IMAGES[:count])
    np.testing.assert_allclose(distribution, expected.distribution[:count], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(aux, expected.aux[:count], rtol=1e-5, atol=1e-6)


@needs("jax2onnx")
def test_onnx_agrees_in_onnxruntime(model, tmp_path):
  import onnxruntime

  out = export.export(model, "onnx", tmp_path / "model.onnx")
  session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
  distribution, aux = session.run(None, {"image": IMAGES})
  expected = Predictor(model.folder).predict(IMAGES)
  np.testing.assert_allclose(distribution, expected.distribution, atol=1e-5)
  np.testing.assert_allclose(aux, expected.aux, atol=1e-5)


def test_wrong_wishes_are_refused(model, tmp_path):
  with pytest.raises(UserError, match="one of safetensors, stablehlo, onnx"):
    export.export(model, "pickle", tmp_path / "x")
  with pytest.raises(UserError, match="exists already"):
    export.export(model, "safetensors", tmp_path)


@pytest.mark.parametrize("name", ["out", "new/out"])
def test_a_stopped_export_leaves_nothing_in_the_way(model, tmp_path, monkeypatch, name):
  def stopped(_):
    raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(export, "card", stopped)
    with pytest.raises(KeyboardInterrupt):
      export.export(model, "safetensors", tmp_path / name)
  assert [path for path in tmp_path.rglob("*") if path.name != "new"] == []
  assert model_folder.read(export.export(model, "safetensors", tmp_path / name))
