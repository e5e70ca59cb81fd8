"""Which names of a model reach the network, and what they take there."""

import sys
import types

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos import choose_model


@pytest.fixture
def requests(monkeypatch, model_path):
  """Each call of huggingface_hub's download, (repository, options); it gives the tiny model."""
  made = []

  def snapshot_download(repo_id, **options):
    made.append((repo_id, options))
    return str(model_path)

  hub = types.SimpleNamespace(snapshot_download=snapshot_download)
  monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
  monkeypatch.setenv("HF_TOKEN", "of another program")
  monkeypatch.delenv(choose_model.TOKEN, raising=False)
  return made


def test_a_mistyped_folder_is_no_download(requests, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  for name in ("models/mine", "./models/mine", "mine", "models/a/b", str(tmp_path / "mine")):
    with pytest.raises(UserError, match=r"mine|a/b"):
      choose_model.open_model(name)
  with pytest.raises(UserError, match=r"no such folder.* hf:models/mine"):
    choose_model.open_model("models/mine")
  assert requests == []


@pytest.mark.parametrize(
  ("name", "revision"), [("hf:owner/name.v2", None), ("hf:owner/name.v2@refs/pr/1", "refs/pr/1")]
)
def test_a_model_of_the_hub_is_asked_for_by_name_and_revision_without_a_token(
  requests, name, revision, model
):
  assert choose_model.open_model(name).model_id == model.model_id
  [(repository, options)] = requests
  assert repository == "owner/name.v2" and options["revision"] == revision
  assert options["token"] is False  # huggingface_hub: "If False, no token is sent"
  assert sorted(options["allow_patterns"]) == ["config.json", "model.safetensors", "taste.json"]


def test_a_token_is_sent_where_it_was_asked_for(requests, monkeypatch):
  monkeypatch.setenv(choose_model.TOKEN, "mine")
  choose_model.open_model("hf:owner/name")
  assert requests[0][1]["token"] == "mine"


@pytest.mark.parametrize("name", ["hf:", "hf:name", "hf:../x", "hf:a/b/c", "hf:a/b@", "hf:/a/b"])
def test_a_name_of_another_form_is_refused_before_the_hub_is_asked(requests, name):
  with pytest.raises(UserError, match=r"hf:OWNER/NAME\[@REVISION\]"):
    choose_model.open_model(name)
  assert requests == []
