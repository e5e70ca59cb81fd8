"""A rating is read in the forms that RDF/XML has for it; one that is not understood is named."""

import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos.star_values import Rating
from paiaa_jax.photos.xmp_packet import parse_rating
from tests.photos.packets import exiftool, packet

QUALIFIER = "<my:sure>yes</my:sure>"
UNDERSTOOD = {  # form -> packet, rating
  "attribute": (packet('xmp:Rating="4"'), 4),
  "element": (packet("", "<xmp:Rating>4</xmp:Rating>"), 4),
  "half a star": (packet('xmp:Rating="0.5"'), 0.5),
  "four and a half": (packet("", "<xmp:Rating>4.5</xmp:Rating>"), 4.5),
  "more than five": (packet('xmp:Rating="7"'), 7),
  "a rejection": (packet('xmp:Rating="-1"'), -1),
  "not rated": (packet('xmp:Rating="0"'), None),
  "not rated, a real": (packet('xmp:Rating="0.0"'), None),
  "absent": (packet(), None),
  "a section": (packet("", "<xmp:Rating><![CDATA[4]]></xmp:Rating>"), 4),
  "a character by number": (packet('xmp:Rating="&#52;"'), 4),
  "another prefix": (packet('a:Rating="4" xmlns:a="http://ns.adobe.com/xap/1.0/"'), 4),
  "qualified": (
    packet(
      "",
      f'<xmp:Rating rdf:parseType="Resource"><rdf:value>4</rdf:value>{QUALIFIER}</xmp:Rating>',
    ),
    4,
  ),
  "qualified, a node": (
    packet(
      "",
      "<xmp:Rating><rdf:Description><rdf:value>4</rdf:value>"
      f"{QUALIFIER}</rdf:Description></xmp:Rating>",
    ),
    4,
  ),
  "qualified, a node's attribute": (
    packet("", '<xmp:Rating><rdf:Description rdf:value="4" my:sure="yes"/></xmp:Rating>'),
    4,
  ),
  "qualified, attributes": (packet("", '<xmp:Rating rdf:value="4" my:sure="yes"/>'), 4),
  "foreign prefix": (packet('my:Rating="3"'), None),
  "foreign prefix besides": (packet('my:Rating="3" xmp:Rating="5"'), 5),
  "a label's text": (packet("", '<xmp:Label>(xmp:Rating="2")</xmp:Label>'), None),
  "a comment": (packet("", '<!-- xmp:Rating="2" -->'), None),
  "of what it is derived from": (
    packet("", '<xmpMM:DerivedFrom><rdf:Description xmp:Rating="2"/></xmpMM:DerivedFrom>'),
    None,
  ),
  "of an ingredient": (
    packet(
      "",
      '<xmpMM:Ingredients><rdf:Bag><rdf:li xmp:Rating="2"/></rdf:Bag></xmpMM:Ingredients>',
    ),
    None,
  ),
  "of what is in the pantry": (
    packet(
      'xmp:Rating="5"',
      '<xmpMM:Pantry><rdf:Bag><rdf:li rdf:parseType="Resource"><xmp:Rating>2</xmp:Rating></rdf:li>'
      "</rdf:Bag></xmpMM:Pantry>",
    ),
    5,
  ),
}
LEFT_ALONE = {
  "empty": packet('xmp:Rating=""'),
  "a word": packet('xmp:Rating="good"'),
  "a comma": packet('xmp:Rating="4,5"'),
  "endless": packet('xmp:Rating="1e999"'),
  "not a number": packet('xmp:Rating="nan"'),
  "digits of another script": packet('xmp:Rating="\u0664"'),
  "an empty element": packet("", "<xmp:Rating/>"),
  "a resource": packet("", '<xmp:Rating rdf:resource="4"/>'),
  "an array": packet("", "<xmp:Rating><rdf:Bag><rdf:li>4</rdf:li></rdf:Bag></xmp:Rating>"),
  "a typed node": packet("", '<xmp:Rating><my:Stars rdf:value="4"/></xmp:Rating>'),
  "two values": packet("", '<xmp:Rating rdf:value="4"><rdf:value>3</rdf:value></xmp:Rating>'),
  "two ratings": packet('xmp:Rating="2"', "<xmp:Rating>3</xmp:Rating>"),
  "outside of rdf:RDF": packet()
  .replace(b"<x:xmpmeta ", b'<x:xmpmeta xmp:Rating="4" ')
  .replace(b"<x:xmpmeta ", b'<x:xmpmeta xmlns:xmp="http://ns.adobe.com/xap/1.0/" ', 1),
  "no rdf:RDF": packet('xmp:Rating="4"').replace(b"rdf:RDF", b"rdf:Bag"),
  "a percentage beyond": packet('MicrosoftPhoto:Rating="500"'),
}


@pytest.mark.parametrize("form", UNDERSTOOD)
def test_a_rating_is_read_in_every_form_that_xmp_has(form):
  data, expected = UNDERSTOOD[form]
  assert parse_rating(data, "a.xmp").human == expected


def test_exiftool_reads_the_same(tmp_path):
  names = {}
  for form, (data, _) in UNDERSTOOD.items():
    (tmp_path / f"{len(names)}.xmp").write_bytes(data)
    names[str(tmp_path / f"{len(names)}.xmp")] = form
  read = exiftool("-j", "-n", "-XMP-xmp:Rating", *names)
  assert len(read) == len(UNDERSTOOD)
  for one in read:
    form = names[one["SourceFile"]]
    assert (one.get("Rating") or None) == UNDERSTOOD[form][1], form


@pytest.mark.parametrize("form", LEFT_ALONE)
def test_a_rating_that_is_not_understood_is_named(form):
  with pytest.raises(UserError, match=r"a\.xmp has .*(it stays|they stay)"):
    parse_rating(LEFT_ALONE[form], "a.xmp")


# System.Rating of the Windows SDK (propkey.h): 1 to 12 is one star, 13 to 37 two, and so on.
@pytest.mark.parametrize(
  ("percent", "stars"),
  [(0, None), (1, 1), (12, 1), (13, 2), (25, 2), (37, 2), (38, 3), (50, 3), (62, 3), (63, 4)]
  + [(75, 4), (87, 4), (88, 5), (99, 5), (100, 5)],
)
@pytest.mark.parametrize("slash", ["/", ""])  # Windows wrote either name
def test_a_percentage_of_windows_is_stars(percent, stars, slash):
  data = packet(f'MicrosoftPhoto:Rating="{percent}"')
  data = data.replace(b"microsoft.com/photo/1.0/", b"microsoft.com/photo/1.0" + slash.encode())
  assert parse_rating(data, "a.xmp").human == stars


def test_stars_count_before_a_percentage_and_a_persons_before_none():
  assert parse_rating(packet('xmp:Rating="3" MicrosoftPhoto:Rating="99"'), "a").human == 3
  assert parse_rating(packet('xmp:Rating="0" MicrosoftPhoto:Rating="99"'), "a").human == 5
  again = packet('xmp:Rating="0"', "</rdf:Description><rdf:Description><xmp:Rating>2</xmp:Rating>")
  assert parse_rating(again, "a").human == 2


def test_stars_of_acdsee_count_after_those_of_others():
  stars = 'xmlns:a="http://ns.acdsee.com/iptc/1.0/" a:rating="4"'  # as ExifTool's XMP-acdsee
  assert parse_rating(packet(stars), "a").human == 4
  assert parse_rating(packet(f'xmp:Rating="3" {stars}'), "a").human == 3
  with pytest.raises(UserError, match="it stays"):
    parse_rating(packet(stars.replace("4", "none")), "a.xmp")


def test_our_own_prediction_is_no_persons_until_it_is_changed():
  ours = 'xmlns:p="https://paiaa.invalid/ns/1.0/" p:PredictedRating="4"'
  assert parse_rating(packet(f'{ours} xmp:Rating="4"'), "a") == Rating(4, 4)
  assert parse_rating(packet(f'{ours} xmp:Rating="4"'), "a").human is None
  assert (
    parse_rating(packet(f'{ours} xmp:Rating="4" MicrosoftPhoto:Rating="75"'), "a").human is None
  )
  assert parse_rating(packet(f'{ours} xmp:Rating="4.5"'), "a").human == 4.5
  foreign = packet('xmp:Rating="4" my:PredictedRating="4"')
  assert (
    parse_rating(
      foreign.replace(b"my:Pred", b"xpaiaa:Pred").replace(b"xmlns:my", b"xmlns:xpaiaa"), "a"
    ).human
    == 4
  )


@pytest.mark.parametrize(
  "data",
  [
    b"",
    b"not xml",
    b"<a>",
    packet("", "Z\u00fcrich").replace("\u00fc".encode(), b"\xfc"),
    b'<!DOCTYPE a [<!ENTITY b "4">]>' + packet('xmp:Rating="&b;"'),
    b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'>" + packet('xmp:Rating="4"'),
    b'<?xml version="1.0" encoding="none"?>' + packet(),
    packet("", "<my:a>" * 300 + "</my:a>" * 300),
    b" " * (33 << 20),
  ],
  ids=range(9),
)
def test_what_is_no_xmp_is_named(data):
  with pytest.raises(UserError, match=r"^a\.xmp is (not XMP \(.|larger than 32 MiB)"):
    parse_rating(data, "a.xmp")
