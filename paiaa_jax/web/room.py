"""Everything that one run of the page holds, and what it says of it; app.py gives it addresses."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from paiaa_jax.data import raw
from paiaa_jax.errors import UserError
from paiaa_jax.photos.library import Library
from paiaa_jax.web import pictures
from paiaa_jax.web.collection import Collection
from paiaa_jax.web.events import Events
from paiaa_jax.web.given import given_of
from paiaa_jax.web.marks import TAKES, Action, Marks
from paiaa_jax.web.orders import Orders, share_of
from paiaa_jax.web.pairs import Together, next_pair
from paiaa_jax.web.refit import Refit
from paiaa_jax.web.session import Seen, Session
from paiaa_jax.web.thumbnails import Thumbnails
from paiaa_jax.web.verdict import Verdict

PATIENCE = 4.0  # seconds that the end waits for what is under way


class _Ended(Exception):
  """Nobody waits for further scores."""


class Room:
  """A folder, a session, and the threads that score and learn."""

  def __init__(self, library: Library, session: Session, thumbnails: Path, copy_to: Path):
    self.collection = Collection(library, session.start)
    self.session, self.copy_to = session, copy_to
    self.thumbnails = Thumbnails(thumbnails)
    self.collection.recognise(session.files())
    self.orders = Orders(self.collection, session.seed)
    self.events = Events(self.change)
    self._scoring = threading.Thread(target=self._score, name="score", daemon=True)
    self._ending = False
    verdict = Verdict(self.collection, session.seed, share_of(len(self.collection)))
    self.refit = Refit(self.collection, session, verdict, self.events.tell)

  def start(self) -> None:
    """Starts scoring and learning."""
    self.refit.start()
    self._scoring.start()
    for work in (self.collection.measure, self.thumbnails.trim):
      threading.Thread(target=work, name=work.__name__, daemon=True).start()

  def _score(self) -> None:
    try:
      self.collection.score(self.orders.random, self._wanted, self._one_scored)
    except _Ended:
      return
    except Exception as error:  # the page stays: ratings are kept, and are learnt from next time
      told = str(error) if isinstance(error, UserError) else traceback.format_exc()
      print(f"scoring has stopped: {told}", file=sys.stderr, flush=True)
    self._remember_places()
    self.events.tell()

  def _one_scored(self) -> None:
    if self._ending:
      raise _Ended
    self.events.tell()

  def _remember_places(self) -> None:
    """Tells the session where its photographs are now."""
    found = {}
    for digest, former in self.session.files().items():
      for number in self.collection.numbers(digest)[:1]:
        with contextlib.suppress(OSError):
          if (seen := self.collection.seen(number)) != former:
            found[digest] = seen
    if found:
      self.session.remember(found)

  def _wanted(self) -> set[int]:
    marks = self.session.marks()
    return {number for digest in given_of(marks)[0] for number in self.collection.numbers(digest)}

  def end(self) -> bool:
    """Ends learning, and scoring after the photographs that it is at; whether they have ended."""
    self._ending = True
    self.refit.end()
    for thread in (self.refit, self._scoring):
      if thread.is_alive():
        thread.join(PATIENCE)
    return not self._scoring.is_alive() and not self.refit.is_alive()

  def change(self) -> dict[str, Any]:
    """What events tell."""
    return {
      "revision": self.session.revision,
      "refit": self.refit.view.refit,
      "ready": int(self.collection.scored.sum()),
      "fitting": self.refit.fitting,
    }

  def state(self) -> dict[str, Any]:
    """What a page asks for first."""
    collection, marks, model = self.collection, self.session.marks(), self.collection.model
    bad = [
      {"name": os.path.join(folder, name), "error": error}
      for folder, name, error in zip(
        collection.folders, collection.names, collection.errors, strict=True
      )
      if error
    ]
    return {
      "name": collection.root.resolve().name,
      "n": len(collection),
      "bad": bad,
      "counts": marks.counts(),
      "model": {
        "id": model.model_id,
        "low": model.score_values[0],
        "high": model.score_values[-1],
      },
      "position": self.position(marks),
      "copy_to": str(self.copy_to),
      **self.change(),
    }

  def position(self, marks: Marks) -> int | None:
    """The photograph that was rated last, the first one before that; None for an empty folder."""
    action = marks.action(marks.last_standing("rate"))
    found = self.collection.numbers(action.photographs[0]) if action else []
    return found[0] if found else 0 if len(self.collection) else None

  def photos(self) -> dict[str, list]:
    """Columns [n]; null where not known yet."""
    collection, marks = self.collection, self.session.marks()
    n = len(collection)
    ratings: list[int | None] = [None] * n
    for digest, rating in marks.ratings.items():
      for number in collection.numbers(digest):
        ratings[number] = rating.value
    picks = np.zeros(n, bool)
    for digest in marks.picked:
      picks[collection.numbers(digest)] = True
    taken = np.where(collection.scored, collection.keys["taken"], np.nan)
    burst = self.refit.view.burst
    return {
      "name": collection.names,
      "folder": collection.folders,
      "taken": taken.tolist(),
      "burst": [None if number < 0 else number for number in burst.tolist()],
      "width": [width or None for width in collection.sizes[:, 0].tolist()],
      "height": [height or None for height in collection.sizes[:, 1].tolist()],
      "rating": ratings,
      "pick": picks.tolist(),
      "error": collection.errors,
    }

  def thumbnail(self, number: int, side: int) -> bytes:
    """A JPEG, from the disk where it was made before."""
    return self.thumbnails.get(
      self.collection.digest(number),
      side,
      lambda: pictures.picture(self._picture(number), side, pictures.SMALL),
    )

  def picture(self, number: int, side: int) -> bytes:
    """A JPEG of a photograph to look at."""
    return pictures.picture(self._picture(number), side, pictures.LARGE)

  def _picture(self, number: int) -> bytes:
    """A photograph's bytes, or those of the picture in it; its digest is known from then on."""
    data = self.collection.read(number)
    self.collection.digest(number, data)
    return raw.picture(data, self.collection.paths[number])

  def details(self, number: int) -> dict[str, Any]:
    """What is told of one photograph beside its picture."""
    collection, data = self.collection, self.collection.read(number)
    picture = raw.picture(data, collection.paths[number])
    width, height = pictures.size_of(collection.paths[number])
    return {
      "name": collection.names[number],
      "folder": collection.folders[number],
      "width": width or None,
      "height": height or None,
      "exif": pictures.exif(picture),
      "histogram": pictures.histogram(picture),
    }

  def rate(
    self, number: int, value: int | None, pick: bool | None, key: str, shown: str
  ) -> dict[str, Any]:
    """Stores a rating; what is answered once the disk has it."""
    digest = self.collection.digest(number)
    action = Action(key, "rate", (digest,), value, pick, shown)
    told = self._store(action, {digest: number})
    return told | {"ids": self.collection.numbers(digest)}  # files of the same content share it

  def compare(self, numbers: list[int], best: int, key: str) -> dict[str, Any]:
    """Stores which of a few photographs is the best."""
    digests = {number: self.collection.digest(number) for number in numbers}
    if len(set(digests.values())) < len(numbers):
      raise UserError("two of these photographs are the same picture.")
    ordered = [digests[best], *(each for number, each in digests.items() if number != best)]
    bursts = set(self.refit.view.burst[numbers].tolist())
    shown = TAKES if len(bursts) == 1 and -1 not in bursts else ""
    action = Action(key, "compare", tuple(ordered), shown=shown)
    return self._store(action, {digest: number for number, digest in digests.items()})

  def next_pair(self, count: int) -> Together:
    """Photographs to compare."""
    marks = self.session.marks()
    random = np.random.default_rng([self.session.seed, marks.revision])
    return next_pair(self.collection, self.refit.view, marks, count, random)

  def undo(self, key: str) -> dict[str, Any]:
    """Undoes the last action that stands, whoever did it."""
    stored = self.session.append(Action(key, "undo"))
    marks = self.session.marks()
    undone = marks.action(stored.undoes)
    found = self.collection.numbers(undone.photographs[0]) if undone else []
    self._changed()
    return {
      "revision": marks.revision,
      "counts": marks.counts(),
      "id": found[0] if found else None,
      "comparison": undone is not None and undone.kind == "compare",
    }

  def _store(self, action: Action, numbers: dict[bytes, int]) -> dict[str, Any]:
    self.session.append(action, {d: self._seen(number) for d, number in numbers.items()})
    marks = self.session.marks()
    self._changed()
    return {"revision": marks.revision, "counts": marks.counts()}

  def _seen(self, number: int) -> Seen:
    try:
      return self.collection.seen(number)
    except OSError as error:
      name = self.collection.names[number]
      raise UserError(f"{name}: cannot be read ({error.strerror}).") from error

  def _changed(self) -> None:
    self.refit.wake()
    self.events.tell()
