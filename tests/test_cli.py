"""The command: quick to greet, one line for each mistake, tables on stdout and words on stderr."""

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import paiaa_jax
from paiaa_jax.errors import UserError
from paiaa_jax.photos import doctor
from paiaa_jax.photos.cache import Cache
from paiaa_jax.web.session import Session
from tests.photos.command import runner
from tests.photos.conftest import model, model_path, open_library, photos  # noqa: F401


@pytest.fixture
def paiaa(model_path, tmp_path, monkeypatch, capsys):  # noqa: F811
  """Runs the command in this process -> (exit code, stdout, stderr)."""
  monkeypatch.setenv("PAIAA_MODEL", str(model_path))
  monkeypatch.setenv("PAIAA_CACHE", str(tmp_path / "cache.sqlite"))
  return runner(monkeypatch, capsys)


def test_help_lists_every_verb_and_loads_nothing_heavy():
  code = (
    "import atexit, sys\nfrom paiaa_jax.cli import main\n"
    "heavy = {'jax', 'numpy', 'PIL', 'polars', 'scipy', 'rich'}\n"
    "atexit.register(lambda: print('loaded', *heavy & set(sys.modules)))\nmain()"
  )
  command = [sys.executable, "-c", code, "--help"]
  told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
  verbs = "score suggest personalize rank explain stars rate train export demo serve doctor"
  for verb in verbs.split():
    assert f"  {verb}" in told
  assert told.splitlines()[-1] == "loaded"


def test_alone_it_greets(paiaa):
  code, out, err = paiaa()
  assert code == 0 and "personalize" in out and err == ""


def test_the_version_is_the_packages(paiaa):
  assert paiaa("--version") == (0, f"{metadata.version('paiaa-jax')}\n", "")


def test_what_is_compiled_is_kept_beside_the_scores(paiaa, photos, tmp_path, monkeypatch):  # noqa: F811
  monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
  assert paiaa("score", photos)[0] == 0
  assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "compiled")


@pytest.mark.parametrize("way", ["--cache", "--session", "PAIAA_CACHE"])
def test_a_buckets_address_makes_no_folder_of_that_name(paiaa, photos, way, tmp_path, monkeypatch):  # noqa: F811
  (tmp_path / "empty").mkdir()
  monkeypatch.chdir(tmp_path / "empty")
  address = "s3://bucket/kept.sqlite"
  if way == "PAIAA_CACHE":
    monkeypatch.setenv(way, address)
    given = ["score", photos]
  else:
    given = ["rate", photos, f"{way}={address}"]
  code, out, err = paiaa(*given)
  assert (code, out) == (2, "") and err.startswith(f"error: {address} is an address, ")
  for keep in (Cache, Session):
    with pytest.raises(UserError, match="is an address"):
      keep(Path(address), *(["model", 3] if keep is Cache else []))
  assert err.count("\n") == 1 and not list(Path().iterdir())


def test_a_table_goes_to_stdout_and_words_to_stderr(paiaa, photos):  # noqa: F811
  (photos / "bad.jpg").write_text("no image")
  code, out, err = paiaa("score", photos)
  rows = list(csv.DictReader(io.StringIO(out)))
  assert code == 0 and len(rows) == 21 and "1 file could not be scored" in err
  assert paiaa("score", photos, "--strict")[0] == 1


@pytest.mark.parametrize(
  ("arguments", "says"),
  [
    (["score"], "Missing argument"),
    (["score", "nowhere"], "nowhere: no such file or folder"),
    (["score", "."], "no photograph in ."),
    (["score", "a" * 300], "aaa: File name too long"),
    (["score", ".", "-o", "scores.xls"], ".csv or .jsonl or .parquet"),
    (["score", ".", "-o", "no/such/scores.csv"], "no such folder"),
    (["score", ".", "--model", "./nothing"], "no model folder"),
    (["score", ".", "--batch-size", "0"], "batch-size"),
    (["score", ".", "--batchsize", "3"], "No such option"),
    (["rank", ".", "--profile", "nobody.json"], "nobody.json is missing; `paiaa personalize`"),
    (["rank", "."], "--profile"),
    (["personalize"], "either a csv of ratings or --from-xmp"),
    (["personalize", "--from-xmp", "."], "no rating in . (predicted stars do not count); --rec"),
    (["personalize", "none.csv"], "none.csv is missing; `paiaa suggest` writes one"),
    (["personalize", "columns.csv"], "columns path, taste; it needs path and rating"),
    (["personalize", "percent.csv"], "line 2: rating '85' is no number from 1 to 5"),
    (["personalize", "percent.csv", "--scale", "100", "0"], "100 is not below 0"),
    (["explain", ".", "--profile", "me.json"], "me.json is missing"),
    (["rank", ".", "--profile", "percent.csv"], "cannot be read as a profile"),
    (["export", "x", "--format", "pickle"], "one of safetensors, stablehlo, onnx"),
    (["paint"], "No such command"),
  ],
)
def test_a_mistake_is_one_line_and_exit_code_2(paiaa, arguments, says, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "columns.csv").write_text("file,taste\na.jpg,3\n")
  (tmp_path / "percent.csv").write_text("path,rating\na.jpg,85\n")
  code, out, err = paiaa(*arguments)
  assert code == 2 and out == "" and err.count("\n") == 1
  assert err.startswith("error: ") and says in err


def test_what_cannot_be_written_is_one_line(paiaa, photos, tmp_path, monkeypatch):  # noqa: F811
  (tmp_path / "scores.csv").mkdir()
  code, out, err = paiaa("score", photos, "-o", tmp_path / "scores.csv")
  assert code == 2 and out == "" and err.count("\n") == 1
  assert f"{tmp_path / 'scores.csv'} cannot be written: " in err
  with contextlib.suppress(OSError), open("/dev/full", "w", encoding="utf-8") as full:
    monkeypatch.setattr(sys, "stdout", full)
    code, _, err = paiaa("score", photos)  # what is buffered raises again when the file is closed
  assert code == 2 and err == "error: standard output cannot be written: No space left on device.\n"


def test_a_stop_says_that_nothing_is_lost(paiaa, monkeypatch):
  from paiaa_jax.photos import verbs

  def stopped(*_):
    raise KeyboardInterrupt

  monkeypatch.setattr(verbs, "score", stopped)
  code, out, err = paiaa("score", ".")
  assert code == 130 and out == "" and err.startswith("error: stopped; what was scored is kept")


def test_suggest_takes_ratings_of_any_scale(paiaa, photos, tmp_path):  # noqa: F811
  (tmp_path / "rated.csv").write_text("path,rating\nphotos/00.jpg,85\n")
  out = tmp_path / "next.csv"
  assert paiaa("suggest", photos, "--rated", tmp_path / "rated.csv", "-o", out)[0] == 0
  assert len(out.read_text().splitlines()) == 20 and "00.jpg" not in out.read_text()


def test_a_tilde_in_a_models_name_is_the_users_home(paiaa, monkeypatch, model_path):  # noqa: F811
  monkeypatch.setenv("HOME", str(model_path.parent))
  assert paiaa("doctor", f"--model=~/{model_path.name}")[1].count("scores 1 to 5") == 1


def test_where_no_model_is_named_it_is_the_packaged_one(paiaa, monkeypatch):
  monkeypatch.delenv("PAIAA_MODEL")
  code, out, _ = paiaa("doctor")
  out = " ".join(out.split())
  assert code == 0 and "default_model" in out and "scores 1 to 7" in out and "600 people" in out
  assert "self-test cat.jpg has the score 5.2" in out


def test_whose_ratings_a_model_learned_is_said(paiaa, photos, model_path, tmp_path):  # noqa: F811
  folder = shutil.copytree(model_path, tmp_path / "told")
  config = json.loads((folder / "config.json").read_text())
  (folder / "config.json").write_text(json.dumps({**config, "trained_on": "simulated raters"}))
  _, _, err = paiaa("score", photos, "--model", folder)
  assert "learned from simulated raters" in err
  _, _, err = paiaa("score", photos)
  assert "learned from" not in err


def test_closed_streams_are_as_good_as_none(photos, model_path, tmp_path, child_env):  # noqa: F811
  child_env |= {"PAIAA_MODEL": str(model_path), "PAIAA_CACHE": str(tmp_path / "cache.sqlite")}
  command = f"{sys.executable} -m tests.photos.tiny_model score {photos} <&- >&- 2>&-"
  assert subprocess.run(command, shell=True, env=child_env, check=False).returncode == 0


def test_doctor_reports_what_is_there_and_what_is_to_be_mended(
  paiaa,
  photos,  # noqa: F811
  tmp_path,
  monkeypatch,
):
  code, out, _ = paiaa("doctor", photos)
  assert code == 0 and "scores 1 to 5" in out and out.endswith("nothing is wrong\n")
  (photos / "a.NEF").touch()
  (tmp_path / "cache.sqlite").write_text("no database")
  monkeypatch.setattr(doctor, "_is_there", lambda module: False)
  code, out, _ = paiaa("doctor", photos, "--model", "./nothing")
  wrong = " ".join(out.partition("to mend:")[2].split())
  assert code == 1 and "no model folder" in wrong and "paiaa-jax[raw]" in wrong
  assert "score cache it cannot be read" in wrong


def test_doctor_knows_every_extra_that_is_no_device_nor_a_developers():
  extras = set(metadata.metadata("paiaa-jax").get_all("Provides-Extra"))
  told = {extra for extra, _ in doctor.EXTRAS.values()}
  assert told == extras - {"cuda12", "cuda13", "tpu", "docs", "test"}


def test_python_gives_what_the_command_gives(paiaa, photos, model_path):  # noqa: F811
  _, out, _ = paiaa("score", photos)
  rows = list(csv.DictReader(io.StringIO(out)))
  opened = paiaa_jax.load(model_path)
  predictions = opened.score(sorted(photos.iterdir()))
  for row, score, std in zip(rows, predictions.score, predictions.std, strict=True):
    assert float(row["aesthetic_score"]) == pytest.approx(score, rel=1e-5)
    assert float(row["score_std"]) == pytest.approx(std, rel=1e-4)
  paths = sorted(photos.iterdir())
  profile = opened.personalize(paths, [1 + i % 5 for i in range(20)])
  assert predictions.personal(profile).shape == (20,)
  with pytest.raises(ValueError, match="20 images, but 3 ratings"):
    opened.personalize(paths, [1, 2, 3])
  with pytest.raises(ValueError, match="uint8"):
    opened.score([predictions.traits])


def test_tilde_is_home_in_every_option(paiaa, photos, tmp_path, monkeypatch):  # noqa: F811
  monkeypatch.setenv("HOME", str(tmp_path))
  code, _, _ = paiaa("score", photos, "--output=~/scores.csv")
  assert code == 0 and (tmp_path / "scores.csv").is_file()
