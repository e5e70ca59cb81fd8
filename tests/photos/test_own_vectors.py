"""--features: taste on anybody's vectors; with the model's own coordinates nothing changes."""

import numpy as np
import pytest

from paiaa_jax import files
from paiaa_jax.errors import UserError
from paiaa_jax.photos import own_vectors, personal, profile_file, rank
from paiaa_jax.photos.ratings import Ratings
from tests.photos.command import runner

VALUES = [1.0 + i % 5 for i in range(20)]


def write(folder, paths, vectors, name="x.npy"):
  """The file, whose paths are relative to its folder."""
  table = np.zeros(len(paths), [("path", "U200"), ("vector", "f4", (vectors.shape[1],))])
  table["path"] = [path.relative_to(folder).as_posix() for path in paths]
  table["vector"] = vectors
  np.save(folder / name, table)
  return folder / name


@pytest.fixture
def library(open_library, frozen_model, photos):
  return open_library(photos)._replace(model=frozen_model)


def test_with_the_models_own_coordinates_everything_is_as_without(library, tmp_path):
  scored = library.scored()
  ratings = Ratings(scored.paths, VALUES, (1.0, 5.0))
  file = write(tmp_path, scored.paths[::-1], scored.coordinates[::-1].astype(np.float32))
  given = library._replace(vectors=own_vectors.read(file))
  found = [
    rank.rank(one, personal.learn(one._replace(paths=scored.paths), ratings))
    for one in (library, given)
  ]
  for ours, theirs in zip(*(one.rows for one in found), strict=True):
    assert ours | {"model_id": ""} == theirs | {"model_id": ""}
    assert ours["model_id"] != theirs["model_id"]
  assert found[0].profile.worth == found[1].profile.worth


def test_what_only_the_vectors_tell_is_learnt_and_kept_by_the_profile(library, tmp_path):
  paths = library.scored().paths
  hidden = np.random.default_rng(0).permutation(np.repeat([-1.0, 1.0], 10))
  file = write(tmp_path, paths, 100 * np.stack([hidden, -hidden], axis=1))
  given = library._replace(vectors=own_vectors.read(file), paths=paths[:14])
  ratings = Ratings(paths[:14], list(3 + 2 * hidden[:14]), (1.0, 5.0))
  profile_file.save(personal.learn(given, ratings), tmp_path / "me.json")
  profile = profile_file.load(tmp_path / "me.json")
  rest = given._replace(paths=paths[14:])
  best_first = [row["path"] for row in rank.rank(rest, profile).rows]
  liked = {str(path) for path, sign in zip(paths, hidden, strict=True) if sign > 0}
  count = sum(hidden[14:] > 0)
  assert set(best_first[:count]) == liked & set(best_first)
  with pytest.raises(UserError, match=r"\+2 numbers, not .* vectors .* with --features"):
    rank.rank(library._replace(paths=paths[14:]), profile)


def test_the_command_takes_them_and_names_photographs_without_one(
  library, tmp_path, monkeypatch, capsys
):
  paths, run = library.scored().paths, runner(monkeypatch, capsys)
  file = write(tmp_path, paths[:19], np.random.default_rng(0).normal(size=(19, 3)))
  pairs = zip(paths, VALUES, strict=True)
  table = [f"{path},{value:g}" for path, value in list(pairs)[:19]]
  (tmp_path / "ratings.csv").write_text("\n".join(["path,rating", *table]))
  profile, model = tmp_path / "me.json", f"--model={library.model.folder}"
  common = (f"--features={file}", model, f"--cache={library.cache}")
  code, _, said = run("personalize", tmp_path / "ratings.csv", "-o", profile, *common)
  assert code == 0, said
  code, out, said = run("rank", paths[0].parent, f"--profile={profile}", *common)
  assert code == 0 and len(out.splitlines()) == 20
  assert f"{paths[19]}: {file} has no vector of it" in said
  code, out, said = run("explain", paths[3], f"--profile={profile}", *common)
  assert code == 0 and "like what you rated" in out


def test_vectors_too_long_for_a_profile_are_refused(tmp_path):
  np.save(tmp_path / "x.npy", np.full((1, 1), 1e5, np.float32))
  files.write_text(tmp_path / "x.txt", "a.jpg\n")
  with pytest.raises(UserError, match="of length 100000; divide all of them, 1000 is"):
    own_vectors.read(tmp_path / "x.npy")
