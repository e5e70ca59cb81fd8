"""XMP packets to put before the readers, and what ExifTool and Exiv2 say of them."""

import json
import shutil
import subprocess

import pytest

NAMES = {
  "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  "xmp": "http://ns.adobe.com/xap/1.0/",
  "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
  "photoshop": "http://ns.adobe.com/photoshop/1.0/",
  "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
  "darktable": "http://darktable.sf.net/",
  "my": "http://example.org/mine/",
}


def packet(attributes="", inside="", node="rdf:Description"):
  names = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())
  return (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {names}>'
    f'<{node} rdf:about="" {attributes}>{inside}</{node}></rdf:RDF></x:xmpmeta>'
  ).encode()


def exiftool(*arguments):
  """What ExifTool prints of files as JSON: a dictionary a file."""
  program = shutil.which("exiftool")
  if not program:
    pytest.skip("ExifTool is not installed (Debian: libimage-exiftool-perl)")
  command = [program, *map(str, arguments)]
  done = subprocess.run(command, capture_output=True, text=True, check=True)
  return json.loads(done.stdout) if "-j" in arguments else None


def exiv2(path):
  """The rating that Exiv2 reads from a sidecar or an image; None where it finds none."""
  program = shutil.which("exiv2")
  if not program:
    pytest.skip("Exiv2 is not installed (Debian: exiv2)")
  command = [program, "-K", "Xmp.xmp.Rating", "-Pv", "print", str(path)]
  told = subprocess.run(command, capture_output=True, text=True).stdout
  return float(told) if told.strip() else None
