"""A disk that is full, memory that is not there: one line, exit code 2, and nothing is lost."""

import os
import random
import shutil
import subprocess

import pytest

from tests.soak import commands
from tests.soak.test_kills import run, source

__all__ = ["source"]  # a fixture

TRIES = 20


@pytest.fixture
def small_disk(tmp_path):
  """mount(kilobytes) -> an empty folder on a disk of that size."""
  if os.geteuid():
    pytest.skip("a small disk is mounted by root alone")
  folder = tmp_path / "disk"
  folder.mkdir()

  def mount(kilobytes):
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
      pytest.skip("this system mounts no tmpfs")
    return folder

  yield mount
  subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def told(done):
  """Whether it ended well, or with one line."""
  if done.returncode == 0:
    return True
  return done.returncode == 2 and "Traceback" not in done.stderr and bool(done.stderr.strip())


@pytest.mark.soak
@pytest.mark.parametrize("command", [commands.score, commands.prepare])
def test_a_full_disk_is_told_and_loses_nothing(
  source, small_disk, tmp_path, child_env, tell, command
):
  rng, lost, full = random.Random(1), [], 0
  for _ in range(TRIES):
    size = rng.choice([16, 32, 64, 128, 256, 512])
    place = source._replace(out=small_disk(size) / "out")
    place.out.mkdir()
    done = subprocess.run(
      command(place), cwd=commands.ROOT, env=child_env, capture_output=True, text=True, check=False
    )
    full += done.returncode == 2
    half = [path for path in place.out.rglob("scores.csv") if done.returncode]
    if not told(done) or half:
      lost.append((size, done.stderr[-500:]))
    subprocess.run(["umount", str(place.out.parent)], check=True)
  tell(f"disk full in {command.__doc__.lower()[:-1]}", TRIES, len(lost), f"{full} times full")
  assert not lost and full


@pytest.mark.soak
def test_a_full_disk_leaves_every_sidecar_as_it_was_or_whole(
  source, small_disk, tmp_path, child_env, tell
):
  rng, lost, full = random.Random(2), [], 0
  whole = tmp_path / "whole" / "photos"
  shutil.copytree(source.photos, whole)
  run(commands.stars(source._replace(photos=whole, out=tmp_path)), child_env)
  expected = {path.name: path.read_bytes() for path in whole.glob("*.xmp")}
  size = sum(path.stat().st_size for path in source.photos.iterdir()) // 1024
  for _ in range(TRIES):
    disk = small_disk(size + rng.randint(80, 400))
    place = source._replace(photos=disk / "photos", out=tmp_path)
    try:
      shutil.copytree(source.photos, place.photos)
    except (OSError, shutil.Error):
      subprocess.run(["umount", str(disk)], check=True)
      continue
    done = subprocess.run(
      commands.stars(place), cwd=commands.ROOT, env=child_env, capture_output=True, text=True
    )
    sidecars = {path.name: path.read_bytes() for path in place.photos.glob("*.xmp")}
    full += len(sidecars) < len(expected)
    spoilt = [name for name, data in sidecars.items() if data != expected[name]]
    if not told(done) or spoilt or commands.originals(place) != commands.originals(source):
      lost.append((spoilt, done.stderr[-500:]))
    subprocess.run(["umount", str(disk)], check=True)
  tell("disk full in predicted stars into sidecars", TRIES, len(lost), f"{full} times full")
  assert not lost


@pytest.mark.soak
def test_little_memory_is_told(source, tmp_path, child_env, tell):
  lost, short = [], 0
  for gigabytes in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0):
    place = source._replace(out=tmp_path / f"{gigabytes}")
    place.out.mkdir()
    size = int(gigabytes * 2**30)
    limited = ["sh", "-c", f'ulimit -v {size // 1024}; exec "$@"', "sh", *commands.score(place)]
    done = subprocess.run(
      limited, cwd=commands.ROOT, env=child_env, capture_output=True, text=True, check=False
    )
    short += done.returncode != 0
    if done.returncode and (place.out / "scores.csv").exists():
      lost.append(gigabytes)
    if commands.originals(place) != commands.originals(source):
      lost.append(gigabytes)
  tell("little memory in scores into a table", 8, len(lost), f"{short} times too little")
  assert not lost
