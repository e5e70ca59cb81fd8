"""An XMP packet -> what it says about stars, and whose sidecar it is (ISO 16684-1).

Properties of the document itself belong to the nodes at the top of rdf:RDF. What nests deeper, as
xmpMM:DerivedFrom, xmpMM:Ingredients and xmpMM:Pantry do, tells of other documents.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from paiaa_jax.errors import UserError
from paiaa_jax.photos import star_values
from paiaa_jax.photos.star_values import Rating

XMP = "http://ns.adobe.com/xap/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PAIAA = "https://paiaa.invalid/ns/1.0/"
RATING, PREDICTED = f"{{{XMP}}}Rating", f"{{{PAIAA}}}PredictedRating"
_PERCENT = (
  "{http://ns.microsoft.com/photo/1.0/}Rating",
  "{http://ns.microsoft.com/photo/1.0}Rating",
)
_ACDSEE = "{http://ns.acdsee.com/iptc/1.0/}rating"  # stars; what other programs wrote comes first
_EXTENSION = "{http://ns.adobe.com/photoshop/1.0/}SidecarForExtension"
_DARKTABLE = "http://darktable.sf.net/"

MAX_BYTES = 32 << 20  # of a sidecar or a packet; those with masks take a few MiB

_NAMES = {"rdf": RDF, "xmp": XMP}
_NODES = etree.XPath("//rdf:RDF[not(ancestor::rdf:RDF)]/*", namespaces=_NAMES)
_MISPLACED = etree.XPath(
  "//*[not(ancestor::rdf:RDF)][self::xmp:Rating or @xmp:Rating] | //rdf:RDF/xmp:Rating",
  namespaces=_NAMES,
)
_QUALIFIED = etree.XPath(
  "@rdf:value | rdf:value | rdf:Description/@rdf:value | rdf:Description/rdf:value",
  namespaces=_NAMES,
)


def parse(data: bytes, name: str) -> Any:
  """Bytes of a packet or a sidecar -> their root element.

  Nothing is fetched, no entity is declared, and lxml's limits of depth and size hold.

  Raises:
    UserError: they are no XMP.
  """
  if len(data) > MAX_BYTES:
    raise UserError(f"{name} is larger than {MAX_BYTES >> 20} MiB; it is not read.")
  parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
  try:
    root = etree.fromstring(data, parser)
  except etree.XMLSyntaxError as error:
    reason = " ".join((error.msg or "").split())  # it has line breaks of its own
    raise UserError(f"{name} is not XMP ({reason}).") from error
  if root.getroottree().docinfo.internalDTD is not None:
    raise UserError(f"{name} is not XMP (it has a document type).")
  return root


def parse_rating(data: bytes, name: str) -> Rating:
  """Stars in the bytes of a packet or a sidecar; raises what `parse` and `rating_of` raise."""
  return rating_of(parse(data, name), name)


def nodes_of(root: Any) -> list[Any]:
  """The elements whose attributes and children are the document's own properties."""
  return _NODES(root)


def texts_of(root: Any, tag: str) -> list[str]:
  """Values of one of the document's own properties; "" for a form that is not understood."""
  found = []
  for node in nodes_of(root):
    found += [node.get(tag)] if tag in node.attrib else []
    found += [_text(element) for element in node.findall(tag)]
  return found


def rating_of(root: Any, name: str) -> Rating:
  """Stars of the document itself.

  Raises:
    UserError: there is a rating that is not understood, or there are several.
  """
  misplaced = [""] * len(_MISPLACED(root))
  predicted = _numbers(texts_of(root, PREDICTED), name)
  percents = [text for tag in _PERCENT for text in texts_of(root, tag)]
  places = [
    _numbers(texts_of(root, RATING) + misplaced, name),
    _numbers(percents, name, percent=True),
    _numbers(texts_of(root, _ACDSEE), name),
  ]
  darktable = any(
    key.startswith(f"{{{_DARKTABLE}}}")
    for node in nodes_of(root)
    for key in (*node.attrib, *(child.tag for child in node.iterchildren("*")))
  )
  try:
    ours = star_values.chosen(predicted)
    ratings = [Rating(star_values.chosen(stars, ours), ours, darktable) for stars in places]
  except ValueError as error:
    raise UserError(f"{name} has {error}; they stay.") from error
  return next((rating for rating in ratings if rating.human is not None), ratings[0])


def extension_of(root: Any) -> str:
  """The suffix, without its dot, of the file that a sidecar says it is of; "" where it does not."""
  return next(iter(texts_of(root, _EXTENSION)), "").strip().lstrip(".")


def _text(element: Any) -> str:
  """The text of a simple or qualified value; "" for any other form."""
  qualified = _QUALIFIED(element)
  if len(qualified) == 1:
    (value,) = qualified
    return value if isinstance(value, str) else value.xpath("string()")
  simple = next(element.iterchildren("*"), None) is None
  return element.xpath("string()") if simple and not qualified else ""


def _numbers(texts: list[str], name: str, percent: bool = False) -> list[float]:
  values = []
  for text in texts:
    value = star_values.real(text)
    value = star_values.of_percent(value) if percent else value
    if value is None:
      raise UserError(f"{name} has a rating that is not understood ({text[:40]!r}); it stays.")
    values.append(value)
  return values
