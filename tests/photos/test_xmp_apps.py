"""Sidecars in the shapes that photo managers write: all but the rating survives, byte for byte."""

import re

import numpy as np
import pytest

from paiaa_jax.errors import UserError
from paiaa_jax.photos import xmp
from paiaa_jax.photos.star_values import Rating
from paiaa_jax.photos.xmp_packet import parse_rating
from tests.photos.conftest import save_photo

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

LIGHTROOM = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000">
 <rdf:RDF xmlns:rdf="RDF">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:CreatorTool="Adobe Photoshop Lightroom Classic 13.2 (Macintosh)"
   RATING
   crs:Exposure2012="+0.35"
   crs:HasSettings="True">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Z\u00fcrich</rdf:li>
     <rdf:li>5 stars &amp; more</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <xmpMM:History>
    <rdf:Seq>
     <rdf:li stEvt:action="saved" stEvt:changed="/metadata"/>
    </rdf:Seq>
   </xmpMM:History>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="RDF">
  <rdf:Description rdf:about=""
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
   exif:DateTimeOriginal="2024:05:06 07:08:09.000"
   RATING
   darktable:xmp_version="5"
   darktable:history_end="2">
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:num="0"
      darktable:operation="colorin"
      darktable:params="gz48eJzjYhgFowABWAbaAaNgwAEAEDgABg=="/>
    </rdf:Seq>
   </darktable:history>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DIGIKAM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="RDF">
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:acdsee="http://ns.acdsee.com/iptc/1.0/"
   digiKam:PickLabel="0"
   MicrosoftPhoto:Rating="0"
   acdsee:rating="0"
   RATING>
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>People/\u0416\u0430\u043d\u043d\u0430</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

CAPTURE_ONE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 5.5.0">
   <rdf:RDF xmlns:rdf="RDF">
      <rdf:Description rdf:about=""
            xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">
         <photoshop:Urgency>0</photoshop:Urgency>
      </rdf:Description>
      <rdf:Description rdf:about=""
            xmlns:xmp="http://ns.adobe.com/xap/1.0/">
         RATING
         <xmp:Label>Red</xmp:Label>
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>
"""

APPS = {
  "lightroom": (LIGHTROOM, 'xmp:Rating="{}"'),
  "darktable": (DARKTABLE, 'xmp:Rating="{}"'),
  "digikam": (DIGIKAM, 'xmp:Rating="{}"'),
  "capture_one": (CAPTURE_ONE, "<xmp:Rating>{}</xmp:Rating>"),
}
BYTES = {
  "plain": lambda text: text.encode(),
  "crlf": lambda text: text.replace("\n", "\r\n").encode(),
  "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
}


def sidecar(app, stars, form="plain"):
  """The application's sidecar; stars None: without the property."""
  text, rating = APPS[app]
  there = "" if stars is None else rating.format(stars)
  return BYTES[form](text.replace('"RDF"', f'"{RDF}"').replace("RATING", there))


@pytest.fixture(params=APPS)
def app(request):
  return request.param


@pytest.fixture(params=BYTES)
def form(request):
  return request.param


@pytest.mark.parametrize("stars", [1, 5, -1])
def test_what_a_person_gave_is_read_and_never_touched(app, form, stars, tmp_path):
  photo = save_photo(tmp_path / "photo.jpg", np.random.default_rng(0))
  beside = tmp_path / ("photo.xmp" if app == "lightroom" else "photo.jpg.xmp")
  beside.write_bytes(sidecar(app, stars, form))
  assert xmp.read_rating(photo).human == stars
  with pytest.raises(UserError, match="it stays"):
    xmp.write_predicted(photo, 3)
  assert beside.read_bytes() == sidecar(app, stars, form)
  assert sorted(path.name for path in tmp_path.iterdir()) == sorted([beside.name, "photo.jpg"])


@pytest.mark.parametrize("stars", [None, 0])
def test_all_else_survives_byte_for_byte(app, form, stars):
  before = sidecar(app, stars, form)
  edited = xmp.with_stars(before, 4, app)
  assert parse_rating(edited, app) == Rating(4, 4, darktable=app == "darktable")
  ours = re.findall(rb"<rdf:Description [^>]*paiaa:PredictedRating[^>]*/>", edited)
  assert len(ours) == 1
  assert edited.replace(ours[0], b"") == (before if stars is None else sidecar(app, 4, form))
  assert xmp.with_stars(edited, 4, app) == edited  # again: not a byte more


def test_utf_16_is_left_alone_and_named(app, tmp_path):
  photo = save_photo(tmp_path / "photo.jpg", np.random.default_rng(0))
  data = sidecar(app, 0).decode().replace("UTF-8", "UTF-16").encode("utf-16")
  (tmp_path / "photo.jpg.xmp").write_bytes(data)
  with pytest.raises(UserError, match=r"photo\.jpg\.xmp"):
    xmp.write_predicted(photo, 3)
  assert (tmp_path / "photo.jpg.xmp").read_bytes() == data


@pytest.mark.parametrize(
  "odd",
  [
    'xmp:Rating=""',
    'xmp:Rating="0"><!-- xmp:Rating="0" --><rdf:Description rdf:about="" ',
  ],
)
def test_a_rating_in_a_place_of_its_own_is_left_alone(odd):
  data = sidecar("lightroom", None).replace(b'xmp:CreatorTool="', f'{odd} crs:X="'.encode(), 1)
  with pytest.raises(UserError, match=r"it stays|is not XMP"):
    xmp.with_stars(data, 3, "name")
