"""A photograph's star rating: read from its sidecars and its file, written to a sidecar alone.

A predicted rating is `xmp:Rating` with `paiaa:PredictedRating` of the same value beside it, so
that photo managers show it as stars and we know it for our own. Any other rating but 0 is a
person's, and is never touched; nor is one that is not understood.
"""

from __future__ import annotations

from pathlib import Path

from paiaa_jax.errors import UserError
from paiaa_jax.files import atomic_write, read_regular
from paiaa_jax.photos import embedded, sidecars
from paiaa_jax.photos.sidecars import Listings, Sidecar
from paiaa_jax.photos.star_values import Rating
from paiaa_jax.photos.xmp_edit import with_stars
from paiaa_jax.photos.xmp_packet import RDF

_NEW = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()


def read_rating(photo: Path, listings: Listings | None = None) -> Rating:
  """A person's rating in any of the photograph's sidecars, or else inside it; else our prediction.

  A star that may be darktable's initial one counts after all others.

  Args:
    photo: path.
    listings: of folders that were read before; whoever asks for many photographs gives one.

  Raises:
    UserError: no person's rating is found, but there is a place that cannot be read or understood,
      by name.
  """
  beside = sidecars.of(photo, listings)
  faults = [one.fault for one in beside if one.fault]
  given = [one.rating for one in beside if one.rating.human is not None]
  if all(rating.perhaps_initial for rating in given):  # or there is none
    try:
      inside = embedded.read_rating(photo)
      given += [inside] if inside.human is not None else []
    except UserError as error:
      faults.append(str(error))
  if given:
    return min(given, key=lambda rating: rating.perhaps_initial)
  if faults:
    raise UserError(faults[0])
  return next((one.rating for one in beside if one.rating.predicted is not None), Rating())


def shares(photo: Path, listings: Listings | None = None) -> str:
  """In words: which sidecar is other photographs' too; "" where none is."""
  return next((one.shares for one in sidecars.of(photo, listings) if one.others), "")


def write_predicted(photo: Path, stars: int, listings: Listings | None = None) -> None:
  """Writes 1..5 predicted stars to a sidecar of the photograph, whole or not at all.

  To the one that has our prediction already, else to photo.jpg.xmp, else to photo.xmp; else to a
  new one, see `sidecars.new_of`. `listings` as in `read_rating`.

  Raises:
    UserError: the photograph has a person's rating, a place where one may be cannot be read or is
      shared, or its sidecar cannot be edited safely or written.
  """
  listings = Listings() if listings is None else listings
  if (human := read_rating(photo, listings).human) is not None:
    raise UserError(f"{photo.name} has a rating of its own ({human:g}); it stays.")
  if shared := shares(photo, listings):
    raise UserError(f"{photo.name} {shared}; nothing is written.")
  beside = sidecars.of(photo, listings)
  new = Sidecar(sidecars.new_of(photo, listings), b"", Rating())
  place = next((one for one in beside if one.rating.predicted is not None), (*beside, new)[0])
  edited = with_stars(place.data or _NEW, stars, place.path.name)
  with atomic_write(place.path) as draft:
    draft.write_bytes(edited)
    if _now(place.path) != place.data:
      raise UserError(f"{place.path.name} was changed by another program meanwhile; it stays.")
  if not beside:
    listings.add(new.path)


def _now(path: Path) -> bytes:
  """What is there at this moment; nothing where nothing is."""
  return read_regular(path) if path.is_symlink() or path.exists() else b""
