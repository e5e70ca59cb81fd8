"""What each verb of the command does and says: tables on stdout or in a file, words on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from paiaa_jax.photos import table
from paiaa_jax.photos.library import Library


def score(library: Library, output: Path | None) -> int:
  """Writes a row for each photograph; returns how many files were bad."""
  table.check_output(output)
  bad, good = [], []

  def rows() -> Iterator[table.Row]:
    for photo in library.photos():
      (bad if photo.error else good).append(None)
      yield table.to_row(photo, library.model)

  table.write(rows(), table.columns(library.model), output)
  low, high = library.model.score_values[0], library.model.score_values[-1]
  say(f"{len(good)} photographs scored from {low:g} to {high:g} by {library.model.model_id}")
  if bad:
    say(f"{len(bad)} files could not be scored; column 'error' says why")
  return len(bad)


def doctor(model: str | None) -> None:
  """Prints the state of the installation."""
  from paiaa_jax.photos.doctor import report

  for what, how in report(model):
    print(f"{what:24}{how}")


def export(model: str | None, form: str, out: Path) -> None:
  """Writes the model in another form."""
  from paiaa_jax.photos.choose_model import open_model
  from paiaa_jax.photos.export import export as write

  print(write(open_model(model), form, out))


def say(words: str) -> None:
  print(words, file=sys.stderr)
