"""Our two properties put into the bytes of a sidecar; every other byte stays.

expat tells where the values of the document's own properties stand, to the byte. The edit holds
only if the parsed tree before and after differs in our two properties alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.parsers import expat

from lxml import etree

from paiaa_jax.errors import UserError
from paiaa_jax.photos import xmp_packet
from paiaa_jax.photos.star_values import real
from paiaa_jax.photos.xmp_packet import PAIAA, PREDICTED, RATING, RDF, XMP

_RDF, _ABOUT = f"{{{RDF}}}RDF", f"{{{RDF}}}about"
_QUALIFIED_NAMES = {RATING: "xmp:Rating", PREDICTED: "paiaa:PredictedRating"}
_TAG = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=<>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")

Span = tuple[int, int]


class _Places(NamedTuple):
  """Where values of the document's own properties stand, by property, and where rdf:RDF ends."""

  values: dict[str, list[Span]]
  ends: list[int]


def with_stars(data: bytes, stars: int, name: str) -> bytes:
  """A sidecar's bytes with 1..5 predicted stars in the place of none, 0 or earlier predicted ones.

  Raises:
    UserError: they are no XMP, hold a person's rating or one that is not understood, or are laid
      out in a way that cannot be edited safely.
  """
  before = xmp_packet.parse(data, name)
  if (human := xmp_packet.rating_of(before, name).human) is not None:
    raise UserError(f"{name} has a rating of its own ({human:g}); it stays.")
  try:
    places = _places(data)
    new = [tag for tag in (RATING, PREDICTED) if not places.values[tag]]
    edited = _edited(data, places, new, stars)
    after = xmp_packet.parse(edited, name)
    counts = {tag: len(xmp_packet.texts_of(before, tag)) for tag in (RATING, PREDICTED)}
    safe = all(len(places.values[tag]) == count for tag, count in counts.items())
    rating = xmp_packet.rating_of(after, name)
    safe &= (rating.stars, rating.predicted) == (stars, stars)
    safe &= not new or xmp_packet.nodes_of(after)[-1].tag == f"{{{RDF}}}Description"
    safe &= _rest(before) == _rest(after, added=bool(new))
  except (expat.ExpatError, ValueError, LookupError):  # an encoding that is not understood too
    safe = False
  if not safe:
    raise UserError(f"{name} is laid out in a way that cannot be edited safely; it stays.")
  return edited


def _edited(data: bytes, places: _Places, new: list[str], stars: int) -> bytes:
  """The digits of the values that are there replaced, and a node of the new properties added."""
  digits = str(stars).encode()
  edits = [(*span, digits) for tag in (RATING, PREDICTED) for span in places.values[tag]]
  if new:
    start, end = next(iter(places.values[_ABOUT]), (0, 0))
    subject = data[start - 1 : end + 1] if start else b'""'
    names = f'xmlns:xmp="{XMP}" xmlns:paiaa="{PAIAA}"'
    values = " ".join(f'{_QUALIFIED_NAMES[tag]}="{stars}"' for tag in new)
    node = b"<rdf:Description rdf:about=%b %b/>" % (subject, f"{names} {values}".encode())
    edits.append((places.ends[-1], places.ends[-1], node))
  pieces, at = [], 0
  for start, end, text in sorted(edits):
    pieces += [data[at:start], text]
    at = end
  return b"".join([*pieces, data[at:]])


def _places(data: bytes) -> _Places:
  places = _Places(defaultdict(list), [])
  parser = expat.ParserCreate(namespace_separator="}")  # a name is uri}local
  parser.ordered_attributes = True
  path: list[str] = []
  text: list[int] = []  # where the events of the text of the open property start

  def level() -> int:
    """0: in rdf:RDF, 1: in a node, 2: in a property; below 0 outside of it."""
    return len(path) - 1 - path.index(_RDF) if _RDF in path else -1

  def start(name: str, attributes: list[str]) -> None:
    path.append(f"{{{name}")
    if level() == 1:
      spans = _attribute_spans(data, parser.CurrentByteIndex)
      for key, span in zip(attributes[::2], spans, strict=True):
        places.values[f"{{{key}"].append(span)
    elif level() == 2:
      text.clear()

  def characters(_: str) -> None:
    if level() == 2:
      text.append(parser.CurrentByteIndex)

  def end(_: str) -> None:
    at = parser.CurrentByteIndex
    if level() == 0:
      places.ends.append(at)
    elif level() == 2 and path[-1] in (RATING, PREDICTED) and text:
      places.values[path[-1]] += _number_span(data, text[0], at)
    path.pop()

  parser.StartElementHandler, parser.EndElementHandler = start, end
  parser.CharacterDataHandler = characters
  parser.Parse(data, True)
  return places


def _attribute_spans(data: bytes, at: int) -> Iterator[Span]:
  """Where the values of a start tag's attributes stand, namespaces' declarations left out."""
  found = _TAG.match(data, at)
  while found and (found := _ATTRIBUTE.match(data, found.end())):
    if found[1] != b"xmlns" and not found[1].startswith(b"xmlns:"):
      yield found.span(2 if found[2] is not None else 3)


def _number_span(data: bytes, start: int, end: int) -> list[Span]:
  """Where the number stands in an element's content; none where the content is something else."""
  text = data[start:end]
  if real(text.decode("ascii", "replace")) is None:
    return []
  first = start + len(text) - len(text.lstrip())
  return [(first, first + len(text.strip()))]


def _rest(root: Any, added: bool = False) -> bytes:
  """All but the values of our two properties, and but for the last node where it was added."""
  nodes = xmp_packet.nodes_of(root)
  for node in nodes:
    for tag in (RATING, PREDICTED):
      node.attrib.pop(tag, None)
      for element in node.findall(tag):
        element.text = ""
  if added:
    _leave_out(nodes[-1])
  return etree.tostring(root.getroottree())


def _leave_out(node: Any) -> None:
  """Removes an element; the text behind it stays."""
  parent, previous = node.getparent(), node.getprevious()
  if previous is not None:
    previous.tail = (previous.tail or "") + (node.tail or "")
  else:
    parent.text = (parent.text or "") + (node.tail or "")
  parent.remove(node)
