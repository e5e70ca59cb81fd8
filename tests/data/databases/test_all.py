"""What holds of every database: sound tables, stable draws, no traceback on any bytes."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paiaa_jax.data.databases import DATABASES
from paiaa_jax.errors import UserError
from tests.data.databases.tiny import MAKERS, OPTIONS


def load(name, folder, **options):
  return DATABASES[name](folder, **OPTIONS.get(name, {}), **options)


@pytest.mark.parametrize("name", DATABASES)
def test_the_tables_keep_the_contract(name, make, assert_sound):
  assert_sound(load(name, make(name)))


@pytest.mark.parametrize("name", DATABASES)
def test_a_seed_draws_the_same_again_and_another_seed_differs(name, make):
  folder = make(name)
  once, again, other = (load(name, folder, validation=0.3, seed=seed) for seed in (1, 1, 2))
  assert once.images.equals(again.images)
  assert not once.images.equals(other.images)


@pytest.mark.parametrize("name", DATABASES)
def test_validation_is_drawn_from_training_alone(name, make):
  folder = make(name)
  without, held = (load(name, folder, validation=share).images for share in (0.0, 0.3))
  assert "validation" not in without["split"].to_list()
  assert "validation" in held["split"].to_list()
  moved = without.join(held, "path").filter(split_right="validation")
  assert set(moved["split"]) == {"train"}
  assert held.filter(split="test").equals(without.filter(split="test"))


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_fraction_that_is_none_is_refused(name, share, make):
  with pytest.raises(UserError, match="validation is a fraction"):
    load(name, make(name), validation=share)


@pytest.mark.parametrize("name", DATABASES)
def test_an_empty_folder_names_the_files_looked_for(name, tmp_path):
  with pytest.raises(UserError, match="holds no"):
    load(name, tmp_path)


@pytest.mark.parametrize("name", DATABASES)
def test_an_empty_file_is_one_line_with_its_name(name, make):
  folder = make(name)
  for path in sorted(path for path in folder.rglob("*") if path.is_file()):
    good = path.read_bytes()
    path.write_bytes(b"")
    with pytest.raises(UserError) as caught:
      load(name, folder)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    path.write_bytes(good)


@st.composite
def damaged(draw, good: bytes) -> bytes:
  """`good` with a stretch of it replaced by other bytes, or other bytes altogether."""
  if draw(st.integers(0, 4)) == 0:
    return draw(st.binary(max_size=200))
  start = draw(st.integers(0, len(good)))
  end = min(len(good), start + draw(st.integers(0, 12)))
  text = st.text(alphabet="0123456789.,;-+eE \"'\t\r\n/\\naif{}[]$^(", max_size=8)
  put = draw(st.one_of(st.binary(max_size=8), text.map(str.encode)))
  return good[:start] + put + good[end:]


@pytest.mark.parametrize("name", DATABASES)
def test_any_bytes_in_any_file_load_soundly_or_raise_one_line(name, assert_sound):
  with tempfile.TemporaryDirectory() as temporary:
    folder = Path(temporary)
    MAKERS[name](folder)
    good = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def check(data):
      path = data.draw(st.sampled_from(sorted(good)))
      path.write_bytes(data.draw(damaged(good[path])))
      try:
        database = load(name, folder)
      except UserError as error:
        assert len(str(error).splitlines()) == 1
        assert str(folder) in str(error)
      else:
        assert_sound(database)
      finally:
        path.write_bytes(good[path])

    check()
