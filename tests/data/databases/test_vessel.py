import csv

import pytest

from paiaa_jax.data.databases import vessel
from paiaa_jax.errors import UserError


def rows(folder):
  return list(csv.DictReader((folder / "ratings.csv").read_text().splitlines()))


def test_every_rating_is_kept_in_the_order_of_its_showings(make):
  folder = make("vessel")
  given = {}
  for row in rows(folder):
    given.setdefault((row["Subj"], row["Image"]), {})[int(row["Block"])] = float(row["Rating"])
  lines = (folder / "ratings.csv").read_text().splitlines()
  (folder / "ratings.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))
  ratings = vessel.load(folder).ratings
  assert ratings.height == 4 * 10 * (2 + 3)
  for (user, image), by_block in given.items():
    scores = ratings.filter(user=user, path=image)["score"].to_list()
    assert scores == [by_block[block] for block in sorted(by_block)]


def test_distributions_count_first_ratings(make):
  folder = make("vessel")
  for image, counts in vessel.load(folder).distributions.iter_rows():
    first = [int(r["Rating"]) for r in rows(folder) if r["Image"] == image and r["Block"] == "1"]
    assert counts == [first.count(score) for score in range(1, 8)]


def test_one_kind_is_taken_alone_and_an_unknown_one_is_named(make):
  folder = make("vessel")
  images = vessel.load(folder, kind="ari").images["path"]
  assert sorted(images) == sorted({r["Image"] for r in rows(folder) if r["ImageType"] == "ari"})
  with pytest.raises(UserError, match="no photograph of the kind 'sea'; it has ari, lsc"):
    vessel.load(folder, kind="sea")


def test_folds_part_the_photographs(make):
  folder = make("vessel")
  tested = [vessel.load(folder, fold=f).images.filter(split="test")["path"] for f in range(5)]
  assert [len(images) for images in tested] == [4] * 5
  assert len({image for images in tested for image in images}) == 20


@pytest.mark.parametrize(
  ("old", "new", "message"),
  [
    ("1,1,1,lsc,eqlsc_0.jpg,2,", "1,1,1,lsc,eqlsc_0.jpg,8,", "line 2: .*'score' holds 8, outside"),
    ("\n1,1,1,lsc,eqlsc_0", "\n1,0,1,lsc,eqlsc_0", "line 2: column 'block' holds 0, outside"),
    ("\n1,1,1,lsc,eqlsc_0", "\n1,1.5,1,lsc,eqlsc_0", "line 2: block 1.5 is no whole number"),
    ("\n1,2,2,lsc,eqlsc_0", "\n1,1,2,lsc,eqlsc_0", "line 3: user '1' rates .* twice in block 1"),
    ("\n1,2,2,lsc,eqlsc_0", "\n1,2,2,ari,eqlsc_0", "line 3: .*of the kind 'ari', but 'lsc' above"),
    ("\n1,1,1,lsc,eqlsc_0", "\n1,1,1,lsc,../eqlsc_0", "line 2: image '../eqlsc_0.jpg' would lie"),
    ("\n1,1,1,lsc,eqlsc_0", "\n,1,1,lsc,eqlsc_0", "line 2: the user is empty"),
    ("Image,Rating", "Image,Score", "no column 'Rating'"),
  ],
)
def test_a_bad_line_is_named(make, edit, old, new, message):
  folder = make("vessel")
  edit(folder / "ratings.csv", old, new)
  with pytest.raises(UserError, match=message):
    vessel.load(folder)
