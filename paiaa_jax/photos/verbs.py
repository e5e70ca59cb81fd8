"""What each verb of the command does and says: tables on stdout or in a file, words on stderr."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from paiaa_jax import extras
from paiaa_jax.errors import UserError
from paiaa_jax.files import writing
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import best as best_of
from paiaa_jax.photos import personal, profile_file, sheet, table, terminal
from paiaa_jax.photos.library import Library
from paiaa_jax.photos.names import cell, counted, path_of, printable
from paiaa_jax.photos.ratings import Ratings

if TYPE_CHECKING:
  from paiaa_jax.photos.stars import Plan
  from paiaa_jax.photos.train import Asked

SHOWN = 20  # rows of `paiaa score` on a terminal
EXPORT_NEEDS = {"onnx": ("jax2onnx", "onnxruntime"), "stablehlo": ("flatbuffers",)}
VERDICTS = {
  "better": "your score ranks photographs new to it clearly better than the general score does",
  "no clear difference": "no clear difference yet from the general score: rate more",
  "worse": "your score ranks photographs worse than the general score so far: rate more",
}


def score(library: Library, output: Path | None, html: Path | None = None, top: int = 50) -> int:
  """A row for each photograph, and a page of the best if asked; returns how many were bad."""
  table.check_output(output)
  if html:
    table.check_place(html, "a page", (".html",))
  photos, scores, bad, good = library.photos(coordinates=False), [], [], []

  def rows() -> Iterator[table.Row]:
    for photo in photos:
      row = table.to_row(photo, library.model)
      if photo.error:
        bad.append(row)
      else:
        scores.append(row["aesthetic_score"])
        if html:
          good.append(row)
      yield row

  if output is None and terminal.is_terminal():
    _show_best(list(rows()), library)
  else:
    table.write(rows(), table.columns(library.model), output)
  low, high = library.model.score_values[0], library.model.score_values[-1]
  if scores and sys.stderr.isatty():
    say("\n".join(terminal.histogram(scores)))
  count = counted(len(scores), "photograph")
  say(f"{count} scored from {low:g} to {high:g} by {library.model.model_id}")
  if library.model.trained_on:
    say(f"it learned from {library.model.trained_on}")
  if html:
    good.sort(key=lambda row: -row["aesthetic_score"])
    sheet.write_scores(good, top or len(good), library.model, html)
    say(f"{html}: a page of pictures, for any browser")
  if bad:
    say(f"{counted(len(bad), 'file')} could not be scored; column 'error' says why")
  return len(bad)


def _show_best(rows: list[table.Row], library: Library) -> None:
  """The best by people's score and every error, for a person's eyes."""
  good = [row for row in rows if not row["error"]]
  good.sort(key=lambda row: -row["aesthetic_score"])
  if good:
    terminal.show_scores(good[:SHOWN], library.model)
  for row in rows:
    if row["error"]:
      print(f"{row['path']}: {row['error']}")
  if len(good) > SHOWN:
    say(f"the best {SHOWN} of {len(good)}; -o scores.csv writes every row and column")


def suggest(
  library: Library, rated: Iterable[Path], count: int, out: Path, html: Path | None = None
) -> None:
  """Writes a table of photographs whose ratings would tell most."""
  from paiaa_jax.photos.rank import suggest as choose
  from paiaa_jax.photos.ratings import check_new, write_table

  check_new(out)
  if html:
    table.check_place(html, "a page", (".html",))
  done = {str(path.resolve()) for path in rated}
  chosen = choose(library, done, count)
  write_table(chosen, out)
  if html:
    sheet.write_chosen(chosen, out, library.model, html)
    say(f"{html}: a page of the photographs to rate")
  say(
    f"{out}: {counted(len(chosen), 'photograph')} to rate from 1 to 5; fill in the column "
    f"'rating', then: paiaa personalize {out}"
  )


def personalize(library: Library, ratings: Ratings, out: Path, verbose: bool = False) -> None:
  """Writes the profile, and says in plain words what it is worth."""
  table.check_place(out, "a profile", (".json",))
  profile = personal.learn(library, ratings)
  profile_file.save(profile, out)
  say(f"{profile.given}: {verdict(profile)}")
  if verbose:
    say(figures(profile))
  tell(str(out))
  say(f"to use it: paiaa rank photos/ --profile {out}")


def verdict(profile: Profile) -> str:
  """What a profile is worth, in one plain sentence."""
  if profile.worth.srcc_personal is None:
    return "your ratings do not differ enough yet to learn from"
  return VERDICTS[profile.worth.verdict]


def figures(profile: Profile) -> str:
  """The same in figures."""
  worth = profile.worth
  low, high = worth.difference
  own, generic = (
    "none" if x is None else f"{x:.3f}" for x in (worth.srcc_personal, worth.srcc_generic)
  )
  return (
    f"SROCC with your ratings of {counted(worth.photographs, 'photograph')}, each left out with "
    f"its burst: {own} by your score, {generic} by the generic one; the difference is from "
    f"{low:+.2f} to {high:+.2f} (60 %)"
  )


def rank(
  library: Library,
  profile: Path,
  top: int,
  within_bursts: bool,
  out: Path | None,
  html: Path | None = None,
  copy_to: Path | None = None,
) -> None:
  """The library's best photographs for one person; a page of pictures and copies if asked."""
  from paiaa_jax.photos.rank import COLUMNS, rank

  table.check_output(out)
  if html:
    table.check_place(html, "a page", (".html",))
  if copy_to:
    best_of.check_empty(copy_to)
  found = rank(library, profile_file.load(profile), within_bursts, top)
  best, taste = found.rows, found.profile
  low, high = taste.scale
  if out is None and terminal.is_terminal():
    terminal.show_ranking(best, found.bursts.tolist())
  else:
    table.write(best, COLUMNS, out)
  if html:
    sheet.write(found, len(best), verdict(taste), library.model.trained_on, html)
    say(f"{html}: a page of pictures, for any browser")
  if copy_to:
    best_of.copy([path_of(row["path"]) for row in best], copy_to)
    say(f"{copy_to}: the best {len(best)}, copied and numbered")
  say(f"{len(best)} of {len(found.bursts)} photographs, scores from {low:g} to {high:g}")
  if not taste.better:
    say(verdict(taste))


def explain(library: Library, profile: Path, png: Path | None) -> None:
  """Prints, and draws where asked, what makes the score of one photograph."""
  from paiaa_jax.photos import explain

  taste = profile_file.load(profile)
  if png:
    table.check_place(png, "a card", (".png",))
    extras.require("matplotlib", "a drawn card", "figures")
  if library.paths[0].is_dir():
    raise UserError(f"{library.paths[0]} is a folder; a card explains one photograph.")
  photo = next(library.photos())
  if photo.vector is None:
    raise UserError(f"{photo.path}: {photo.error}")
  taste = personal.check_model(taste, library.taste_model)
  found = explain.sum_of(photo, library.taste_model, taste, library.files_of(taste.digests))
  tell("\n".join(explain.lines(photo.path, found)))
  if library.model.trained_on:
    say(f"the model learned from {library.model.trained_on}")
  if png:
    explain.draw(photo.path, found, library.model.trained_on, png)


def stars(library: Library, profile: Path, write: bool) -> None:
  """Tells, and writes where asked, the stars of every photograph."""
  from paiaa_jax.photos import stars

  plans = stars.plan(library, profile_file.load(profile))
  count = sum(one.what == stars.WRITE for one in plans)
  plans = stars.write(plans) if write else plans
  if terminal.is_terminal():
    terminal.show_stars(plans)
    say("into a file or a pipe goes a row for each photograph, as csv")
  else:
    rows = [{"path": cell(one.path), "stars": one.stars, "what": _told(one)} for one in plans]
    table.write(rows, ("path", "stars", "what"), None)
  if not write:
    say(f"nothing was written; --write gives {counted(count, 'photograph')} their stars")


def _told(plan: Plan) -> str:
  """What is said of a plan; until --write, what would be done."""
  from paiaa_jax.photos import stars

  return "would be written" if plan.what == stars.WRITE else printable(plan.what)


def train(asked: Asked, out: Path) -> None:
  """Writes a model folder; says what it is worth and how to use it."""
  from paiaa_jax.photos import train

  train.train(asked, out, say)
  tell(str(out))
  say(f"its card is {out / train.CARD}; to use it: paiaa score photos/ --model {out}")


def doctor(model: str | None, folder: Path) -> int:
  """Prints the state of the installation, then what is wrong; returns how much that is."""
  from paiaa_jax.photos.doctor import findings

  width = shutil.get_terminal_size().columns
  wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
  wrapper.subsequent_indent = " " * 26
  wrong = []
  for found in findings(model, folder):
    wrapper.initial_indent = f"{found.what:26}"
    tell(wrapper.fill(found.how))
    if found.mend:
      wrong.append(found)
  tell("nothing is wrong" if not wrong else "to mend:")
  for found in wrong:
    wrapper.initial_indent = f"  {found.what:24}"
    tell(wrapper.fill(found.mend))
  return len(wrong)


def export(model: str | None, form: str, out: Path) -> None:
  """Writes the model in another form."""
  for module in EXPORT_NEEDS.get(form, ()):
    extras.require(module, f"export to {form}", form)
  from paiaa_jax.photos.choose_model import open_model
  from paiaa_jax.photos.export import export as write

  tell(str(write(open_model(model), form, out)))


def tell(words: str) -> None:
  """What was asked for, on stdout."""
  with writing("standard output"):
    print(words, flush=True)


def say(words: str) -> None:
  """Prints a line for the user on stderr; stdout is for tables."""
  print(words, file=sys.stderr)
