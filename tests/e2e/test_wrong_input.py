"""Wrong input: one line that names the thing and the mend, exit code 2, nothing left behind."""

import pytest

from tests import children
from tests.training import tiny

TRAIN = ["launch.train", "--config=configs/quickstart.py", "--workdir={out}"]
DATA = ["--config.data.aesthetics={prepared}", "--config.data.auxiliary="]

CASES = {
  "missing source": (
    ["launch.prepare_data", "--dataset=ava", "--source={here}/nope", "--out={out}"],
    "{here}/nope",
  ),
  "missing labels": (
    ["launch.prepare_data", "--dataset=flickr_aes", "--source={here}", "--out={out}"],
    "FLICKR-AES_image_labeled_by_each_worker.csv",
  ),
  "unknown variant": (
    ["launch.train", "--config=configs/ava.py:vgg", "--workdir={out}"],
    "unknown variant 'vgg'",
  ),
  "missing config": (["launch.train", "--config=configs/nope.py", "--workdir={out}"], "nope.py"),
  "misspelt field": ([*TRAIN, "--config.optim.lr_head=1"], 'Did you mean "lr_heads"'),
  "misspelt flag": ([*TRAIN, "--wokdir=x"], "wokdir"),
  "unprepared data": ([*TRAIN, "--config.data.aesthetics={here}"], "launch.prepare_data"),
  "unknown backbone": (
    [*TRAIN, "--config.model.backbone=vgg", *DATA, "--config.train.tasks=aesthetics"],
    "efficientnet_lite0",
  ),
  "no such model": (
    ["launch.evaluate", "--workdir={out}", "--data={here}"],
    "launch.prepare_data",
  ),
  "a bucket to write to": (
    [*TRAIN, "--workdir=gs://bucket/runs"],
    "gs://bucket/runs is an address, and only folders are read and written: mount the bucket",
  ),
  "a bucket to read": ([*TRAIN, "--config.data.aesthetics=s3://bucket/ava"], "s3://bucket/ava is"),
  "text named .jpg": (
    ["launch.simulate_data", "--out={out}", "--photos={here}/photos"],
    "{here}/photos/",
  ),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
  return tiny.write_folders(tmp_path_factory.mktemp("prepared"))[0]


@pytest.mark.parametrize("name", CASES)
def test_one_line_and_exit_code_2(name, prepared, tmp_path, child_env):
  arguments, said = CASES[name]
  (tmp_path / "photos").mkdir()
  for i in range(7):
    (tmp_path / "photos" / f"{i}.jpg").write_text("this is no photograph")
  out = tmp_path / "out"
  places = {"here": tmp_path, "out": out, "prepared": prepared}
  done = children.run(*(argument.format(**places) for argument in arguments), env=child_env)
  assert done.returncode == 2, done.stderr
  *_, last = done.stderr.strip().splitlines()
  assert said.format(**places) in last and last.startswith("error: ")
  assert "Traceback" not in done.stderr
  assert not out.exists()
