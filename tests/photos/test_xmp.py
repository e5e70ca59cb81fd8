"""Predicted stars go into sidecars; a human's rating and every other byte stay as they were."""

import re

import numpy as np
import pytest
from PIL import Image

from paiaa_jax.errors import UserError
from paiaa_jax.photos import xmp
from paiaa_jax.photos.star_values import Rating
from tests.photos.conftest import save_photo

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
NAMES = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def packet(attributes="", inside=""):
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\r\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF {RDF}>\n<!-- keep me -->\n<rdf:Description rdf:about="uuid:1" {NAMES} {attributes}>'
    f"{inside}<dc:title>Ж\u00e4 &amp; \u00fc</dc:title></rdf:Description>\n"
    "</rdf:RDF></x:xmpmeta>\n  \n"
  ).encode()


UNRATED = packet()
ZERO = packet('xmp:Rating="0"')
RATED = (
  packet('xmp:Rating="3"'),
  packet("xmp:Rating = '3'"),
  packet("", "<xmp:Rating>3</xmp:Rating>"),
  packet('xmp:Rating="3.0"'),
)


@pytest.fixture
def photo(tmp_path):
  return save_photo(tmp_path / "photo.jpg", np.random.default_rng(0))


@pytest.mark.parametrize("data", RATED)
def test_a_human_rating_is_read_and_never_touched(photo, data):
  sidecar = photo.with_name("photo.jpg.xmp")
  sidecar.write_bytes(data)
  assert xmp.read_rating(photo).human == 3
  with pytest.raises(UserError, match=r"a rating of its own \(3\)"):
    xmp.write_predicted(photo, 5)
  assert sidecar.read_bytes() == data


def test_a_rejection_is_a_human_rating(photo):
  photo.with_name("photo.jpg.xmp").write_bytes(packet('xmp:Rating="-1"'))
  assert xmp.read_rating(photo).human == -1


def test_a_new_sidecar_leaves_the_image_alone(photo):
  before = photo.read_bytes()
  xmp.write_predicted(photo, 4)
  assert photo.read_bytes() == before
  assert xmp.read_rating(photo) == Rating(4, 4) and xmp.read_rating(photo).human is None
  assert [p.name for p in photo.parent.iterdir() if p != photo] == ["photo.jpg.xmp"]


@pytest.mark.parametrize("data", [UNRATED, ZERO, b"\xef\xbb\xbf" + UNRATED])
def test_all_other_bytes_of_a_sidecar_stay(data):
  edited = xmp.with_stars(data, 4, "name")
  ours = re.search(rb'<rdf:Description rdf:about="uuid:1" xmlns:xmp[^>]*paiaa:Pred[^>]*/>', edited)
  without = edited.replace(ours[0], b"")
  assert without == data or without.replace(b'Rating="4"', b'Rating="0"') == data
  again = xmp.with_stars(edited, 2, "name")
  assert again == edited.replace(b'Rating="4"', b'Rating="2"')


def test_a_rating_changed_by_hand_becomes_the_humans(photo):
  xmp.write_predicted(photo, 4)
  sidecar = photo.with_name("photo.jpg.xmp")
  sidecar.write_bytes(sidecar.read_bytes().replace(b'xmp:Rating="4"', b'xmp:Rating="2"'))
  assert xmp.read_rating(photo).human == 2
  with pytest.raises(UserError, match="stays"):
    xmp.write_predicted(photo, 5)


def test_lightrooms_sidecar_is_used_where_it_is_the_only_one(photo):
  photo.with_suffix(".xmp").write_bytes(UNRATED)
  xmp.write_predicted(photo, 1)
  assert photo.with_suffix(".xmp").read_bytes() != UNRATED
  assert not photo.with_name("photo.jpg.xmp").exists()


def test_a_rating_inside_the_image_counts(tmp_path):
  image = Image.fromarray(np.zeros((8, 8, 3), np.uint8))
  image.save(tmp_path / "a.jpg", xmp=packet('xmp:Rating="5"'))
  exif = Image.Exif()
  exif[0x4746] = 2
  image.save(tmp_path / "b.jpg", exif=exif)
  assert xmp.read_rating(tmp_path / "a.jpg").human == 5
  assert xmp.read_rating(tmp_path / "b.jpg").human == 2
  with pytest.raises(UserError, match="stays"):
    xmp.write_predicted(tmp_path / "a.jpg", 1)


@pytest.mark.parametrize(
  "data",
  [
    b"not xml",
    b"",
    UNRATED[:-40],
    UNRATED.decode().encode("utf-16"),
    b"<x/>",
    packet("", "<!-- xmp:Rating='0' -->").replace(b"rdf:", b"r:").replace(b":rdf", b":r"),
  ],
)
def test_what_cannot_be_edited_safely_is_refused_and_stays(photo, data):
  sidecar = photo.with_name("photo.jpg.xmp")
  sidecar.write_bytes(data)
  with pytest.raises(UserError, match=r"photo\.jpg\.xmp"):
    xmp.write_predicted(photo, 3)
  assert sidecar.read_bytes() == data
