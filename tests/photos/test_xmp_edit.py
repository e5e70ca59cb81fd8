"""An edit changes our two properties where they stand, and not a byte besides."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paiaa_jax.errors import UserError
from paiaa_jax.photos import xmp_edit, xmp_packet
from paiaa_jax.photos.star_values import Rating
from paiaa_jax.photos.xmp_edit import with_stars
from tests.photos.packets import NAMES, exiftool, packet

OURS = re.compile(rb"<rdf:Description [^>]*paiaa:PredictedRating[^>]*/>")
LOOKALIKES = {
  "foreign prefix": packet('myxmp:Rating="3" xmp:Rating="0"').replace(b":my=", b":myxmp="),
  "foreign prefix behind": packet('xmp:Rating="0" my:xmp.Rating="3" my:Rating="3"'),
  "a label's text": packet("", '<xmp:Label>(xmp:Rating="2" paiaa:PredictedRating="2")</xmp:Label>'),
  "an attribute's text": packet("my:note=' xmp:Rating=\"2\" &lt;xmp:Rating&gt;2'"),
  "a comment": packet('xmp:Rating="0"', '<!-- <xmp:Rating>0</xmp:Rating> xmp:Rating="0" -->'),
  "a section": packet("", "<xmp:Label><![CDATA[<xmp:Rating>0</xmp:Rating>]]></xmp:Label>"),
  "an instruction": packet().replace(b"<rdf:RDF", b'<?note xmp:Rating="0"?><rdf:RDF', 1),
  "derived from": packet(
    "", '<xmpMM:DerivedFrom><rdf:Description my:x="1" xmp:Rating="0"/></xmpMM:DerivedFrom>'
  ),
  "in the pantry": packet(
    'xmp:Rating="0"',
    '<xmpMM:Pantry><rdf:Bag><rdf:li rdf:parseType="Resource"><xmp:Rating>0</xmp:Rating></rdf:li>'
    "</rdf:Bag></xmpMM:Pantry>",
  ),
  "our name, another's prefix": packet('my:PredictedRating="2"').replace(b"my", b"xpaiaa"),
  "attributes over many lines": packet('\n\n  xmp:Label = ">"\n  xmp:Rating\n=\n"0"\n'),
  "an element with space": packet("", "<xmp:Rating >\n 0\t</xmp:Rating >"),
  "a real": packet("", "<xmp:Rating>0.0</xmp:Rating>"),
  "a character by number": packet('xmp:Rating="&#48;"'),
  "latin": b'<?xml version="1.0" encoding="ISO-8859-1"?>'
  + packet('xmp:Rating="0" xmp:Label="Z\u00fcrich"').decode().encode("latin-1"),
  "latin subject": b'<?xml version="1.0" encoding="ISO-8859-1"?>'
  + packet().replace(b'about=""', 'about="\u00fc"'.encode("latin-1")),
}


def values(data):
  """All attributes and texts in the order they stand, by ElementTree, but for our properties."""
  ours = (xmp_packet.RATING, xmp_packet.PREDICTED)
  found = []
  root = ElementTree.fromstring(data)
  for rdf in root.iter(xmp_packet.RDF.join(("{", "}RDF"))):
    for node in list(rdf):
      for tag in ours:
        node.attrib.pop(tag, None)
        for element in node.findall(tag):
          element.text = None
      if not len(node) and set(node.attrib) <= {f"{{{xmp_packet.RDF}}}about"}:
        rdf.remove(node)
  for element in root.iter():
    found.append((element.tag, sorted(element.attrib.items()), (element.text or "").strip()))
  return found


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_only_the_documents_own_properties_are_edited(kind):
  data = LOOKALIKES[kind]
  edited = with_stars(data, 4, "a.xmp")
  rating = xmp_packet.parse_rating(edited, "a.xmp")
  assert (rating.stars, rating.predicted) == (4, 4)
  assert values(edited) == values(data)
  (added,) = OURS.findall(edited)
  rest = edited.replace(added, b"")
  if rest != data:  # the one number that was replaced, wherever it stood
    starts = [found.start() for found in re.finditer(rb"&#48;|0\.0|0", data)]
    places = [(at, re.compile(rb"&#48;|0\.0|0").match(data, at).end()) for at in starts]
    assert rest in [data[:start] + b"4" + data[end:] for start, end in places]
  again = with_stars(edited, 2, "a.xmp")
  assert values(again) == values(data) and len(again) == len(edited)


def test_exiftool_reads_what_was_written(tmp_path):
  kinds = LOOKALIKES.keys() - {"attributes over many lines"}  # ExifTool takes its > for an end
  for i, kind in enumerate(kinds):
    (tmp_path / f"{i}.xmp").write_bytes(with_stars(LOOKALIKES[kind], 4, "a.xmp"))
  read = exiftool("-j", "-n", "-XMP-xmp:Rating", *tmp_path.iterdir())
  assert [float(one["Rating"]) for one in read] == [4] * len(kinds)


@pytest.mark.parametrize(
  "data",
  [
    packet("", '<xmp:Rating rdf:value="0" my:sure="no"/>'),
    packet('xmp:Rating="0"', '<xmp:Rating rdf:value="0" my:sure="no"/>'),
    packet("", '<xmp:Rating rdf:parseType="Resource"><rdf:value>0</rdf:value></xmp:Rating>'),
    packet("", "<xmp:Rating><!-- none -->0</xmp:Rating>"),
    packet().replace(b"rdf:", b"r:").replace(b":rdf", b":r"),
    packet()
    .replace(b"rdf:", b"r:")
    .replace(b"xmlns:rdf", b'xmlns:rdf="http://example.org/" xmlns:r'),
    packet('xmp:Rating="0"').decode().encode("utf-16"),
    f'<rdf:RDF xmlns:rdf="{NAMES["rdf"]}"/>'.encode(),
    b"<a/>",
  ],
  ids=range(9),
)
def test_what_cannot_be_edited_safely_is_left_alone(data):
  assert xmp_packet.parse_rating(data, "a.xmp").human is None
  with pytest.raises(UserError, match=r"a\.xmp is laid out in a way that cannot be edited safely"):
    with_stars(data, 4, "a.xmp")


def test_a_persons_rating_is_not_edited_whatever_was_asked_before():
  for rating in ("0.5", "3.5", "-1", "7"):
    with pytest.raises(UserError, match=rf"rating of its own \({rating}\); it stays"):
      with_stars(packet(f'xmp:Rating="{rating}"'), 4, "a.xmp")


def test_an_edit_that_would_change_more_is_refused(monkeypatch):
  """The tree is compared whatever made the edit: here one that spoils a neighbour."""
  data = packet('xmp:Rating="0" xmp:Label="red"')
  whole = xmp_edit._edited
  monkeypatch.setattr(
    xmp_edit, "_edited", lambda *arguments: whole(*arguments).replace(b'"red"', b'"rot"')
  )
  with pytest.raises(UserError, match="cannot be edited safely"):
    with_stars(data, 4, "a.xmp")


@pytest.mark.parametrize("many", [b"<rdf:Description ", b"<xmp:Rating", b"xmp:Rating='", b"<<!--"])
def test_a_long_comment_takes_no_time_that_grows_with_its_square(many):
  """Twenty thousand beginnings: each searched to the end would be minutes, and is no seconds."""
  data = packet().replace(
    b"<rdf:RDF", b"<!--" + many.replace(b"--", b"") * 20_000 + b"--><rdf:RDF", 1
  )
  edited, end = with_stars(data, 4, "a.xmp"), data.index(b"</rdf:RDF>")
  assert edited.startswith(data[:end]) and edited.endswith(data[end:])


@pytest.mark.parametrize(
  "data",
  [
    packet("", "</rdf:Description><rdf:Description xmp:Rating='0'>" * 20_000),
    packet("", "</rdf:Description>\n<rdf:Description rdf:about=''>" * 20_000),
    packet("", "<xmp:Rating>0</xmp:Rating>" * 20_000),
    packet(" ".join(f"my:a{i}=''" for i in range(20_000))),
    packet(" " * 1_000_000, f"<my:a>{'1' * 1_000_000}</my:a>"),
  ],
  ids=["rated nodes", "nodes", "ratings", "attributes", "space and digits"],
)
def test_many_of_a_kind_are_edited_in_one_pass(data):
  assert xmp_packet.parse_rating(with_stars(data, 4, "a.xmp"), "a.xmp") == Rating(4, 4)


def test_a_rating_of_a_million_digits_is_not_understood():
  for digits in ("1" * 1_000_000, "1" * 1_000_000 + "x"):
    with pytest.raises(UserError, match="not understood"):
      with_stars(packet(f'xmp:Rating="{digits}"'), 4, "a.xmp")


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=40))
def test_any_text_survives(text):
  escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
  data = packet(f'my:note="{escaped}"', f"<xmp:Label>{escaped.replace('>', '&gt;')}</xmp:Label>")
  try:
    ElementTree.fromstring(data)
  except ElementTree.ParseError:  # a character that XML 1.0 has no place for
    return
  edited = with_stars(data, 3, "a.xmp")
  assert OURS.sub(b"", edited) == data and values(edited) == values(data)
