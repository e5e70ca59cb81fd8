"""Star ratings in XMP: read from sidecars and images, written to sidecars alone.

A predicted rating is `xmp:Rating` with `paiaa:PredictedRating` of the same value beside it, so
that photo managers show it as stars and we know it for our own. Any other rating is a human's.
An edit changes the digits of our two properties, or adds one `rdf:Description`; every other byte
of a sidecar stays.
"""

from __future__ import annotations

import contextlib
import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from paiaa_jax.data.images import FORMATS
from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, read_bytes

XMP = "http://ns.adobe.com/xap/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PAIAA = "https://paiaa.invalid/ns/1.0/"
_EXIF_RATING = 0x4746  # what Windows writes

_RATING = re.compile(rb"""((?:xmp|xap):Rating\s*(?:=\s*["']|>)\s*)(-?\d+(?:\.\d*)?)""")
_RATING_ANYHOW = re.compile(rb"""[\s<](?:xmp|xap):Rating\s*[=>/]""")
_PREDICTED = re.compile(rb"""(paiaa:PredictedRating\s*=\s*["'])(\d+)""")
_END = re.compile(rb"</rdf:RDF\s*>")
_ABOUT = re.compile(rb"""<rdf:Description\b[^>]*?\brdf:about\s*=\s*("[^"]*"|'[^']*')""", re.DOTALL)

_NEW = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()


class Rating(NamedTuple):
  """What stands about stars somewhere: None where there is none; -1 is a rejection."""

  stars: int | None = None
  predicted: int | None = None

  @property
  def human(self) -> int | None:
    """The rating that a person gave; 0 means not rated in every photo manager."""
    return self.stars if self.stars and self.stars != self.predicted else None


def sidecar_of(photo: Path) -> Path:
  """photo.jpg.xmp (darktable, digiKam) unless only photo.xmp (Lightroom) is there."""
  beside, instead = photo.with_name(photo.name + ".xmp"), photo.with_suffix(".xmp")
  return instead if instead.exists() and not beside.exists() else beside


def sharing(photos: Iterable[Path]) -> dict[Path, str]:
  """Those of the photographs whose sidecar is another's too -> "shares 01.xmp with 01.png"."""
  photos_of = defaultdict(set)
  for photo in photos:
    photos_of[sidecar_of(photo)].add(photo)
  found = {}
  for sidecar, group in photos_of.items():
    for photo in group if len(group) > 1 else ():
      others = ", ".join(sorted(other.name for other in group - {photo}))
      found[photo] = f"shares {sidecar.name} with {others}"
  return found


def read_rating(photo: Path) -> Rating:
  """Stars of the photograph: a human's in its sidecar, else those inside the image file.

  Raises:
    UserError: a sidecar that is no XMP, or cannot be read.
  """
  sidecar = sidecar_of(photo)
  rating = parse_rating(read_bytes(sidecar), sidecar) if sidecar.exists() else Rating()
  if rating.human is None and (embedded := _embedded_stars(photo)):
    return Rating(embedded)
  return rating


def parse_rating(data: bytes, name: str | Path) -> Rating:
  """Stars in the bytes of a sidecar."""
  try:
    root = ElementTree.fromstring(data.removeprefix(b"\xef\xbb\xbf"))
  except (ElementTree.ParseError, ValueError, LookupError) as error:
    raise UserError(f"{name} is not XMP ({error}).") from error
  found = {}
  for description in root.iter(f"{{{RDF}}}Description"):
    for key in (f"{{{XMP}}}Rating", f"{{{PAIAA}}}PredictedRating"):
      text = description.get(key, description.findtext(key)) or ""
      with contextlib.suppress(ValueError, OverflowError):
        found.setdefault(key, int(float(text)))
  return Rating(found.get(f"{{{XMP}}}Rating"), found.get(f"{{{PAIAA}}}PredictedRating"))


def write_predicted(photo: Path, stars: int) -> None:
  """Writes 1..5 predicted stars to the photograph's sidecar, which appears whole or not at all.

  Raises:
    UserError: the photograph has a human's rating, or its sidecar cannot be read, edited safely or
      written.
  """
  if (human := read_rating(photo).human) is not None:
    raise UserError(f"{photo} has a rating of its own ({human}); it stays.")
  sidecar = sidecar_of(photo)
  edited = with_stars(read_bytes(sidecar) if sidecar.exists() else _NEW, stars, sidecar)
  with atomic_write(sidecar) as draft:
    draft.write_bytes(edited)


def with_stars(data: bytes, stars: int, name: str | Path) -> bytes:
  """The sidecar's bytes with predicted stars in the place of none, 0 or earlier predicted ones."""
  before = parse_rating(data, name)
  digits = str(stars).encode()
  edited = data
  if len(_RATING_ANYHOW.findall(data)) != (before.stars is not None):
    raise UserError(f"{name} names a rating in a way that cannot be edited safely; it stays.")
  if before.stars is not None:
    edited = _RATING.sub(rb"\g<1>" + digits, edited)
  if before.predicted is not None:
    edited = _PREDICTED.sub(rb"\g<1>" + digits, edited)
  new = [f'xmp:Rating="{stars}"'] * (before.stars is None)
  new += [f'paiaa:PredictedRating="{stars}"'] * (before.predicted is None)
  if new:
    edited = _with_description(edited, " ".join(new))
  if parse_rating(edited, name) != Rating(stars, stars):
    raise UserError(f"{name} is laid out in a way that cannot be edited safely; it stays.")
  return edited


def _with_description(data: bytes, properties: str) -> bytes:
  """Adds an rdf:Description of our properties behind all others."""
  ends = list(_END.finditer(data))
  if not ends:
    return data
  about = _ABOUT.search(data)
  subject = about[1].decode("utf-8", "replace") if about else '""'
  names = f'xmlns:xmp="{XMP}" xmlns:paiaa="{PAIAA}"'
  ours = f"<rdf:Description rdf:about={subject} {names} {properties}/>"
  place = ends[-1].start()
  return data[:place] + ours.encode() + data[place:]


def _embedded_stars(photo: Path) -> int | None:
  """Stars inside the image file, by its XMP or else its EXIF; None where it cannot be read."""
  with contextlib.suppress(Exception), Image.open(photo, formats=FORMATS) as image:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    packet = packet.encode() if isinstance(packet, str) else packet
    if packet and (stars := parse_rating(packet.strip(b"\0 \r\n\t"), photo).stars):
      return stars
    return image.getexif().get(_EXIF_RATING)
  return None
