"""What a log of actions comes to: ratings, picks and comparisons, the last one counts."""

from __future__ import annotations

from typing import NamedTuple

CLEARED, REJECTED = 0, -1
TAKES = "takes"


class Action(NamedTuple):
  """Something that the user did.

  Attributes:
    key: chosen by the client, of its own for every action.
    kind: "rate", "compare" or "undo".
    photographs: digests; of a comparison the best first.
    value: 1..5, CLEARED, REJECTED, or None: the rating stays.
    pick: None: it stays.
    shown: by which order the photograph was shown; of a comparison TAKES for takes of one burst.
    undoes: number of the action that an "undo" undoes; None where there was none.
  """

  key: str
  kind: str
  photographs: tuple[bytes, ...] = ()
  value: int | None = None
  pick: bool | None = None
  shown: str = ""
  undoes: int | None = None


class Rating(NamedTuple):
  """value: 1..5 or REJECTED; shown: by which order."""

  value: int
  shown: str


class Comparison(NamedTuple):
  """photographs: digests, the best first; takes: whether they are takes of one burst."""

  photographs: tuple[bytes, ...]
  takes: bool


class Marks:
  """The state after a log.

  Attributes:
    revision: number of the last action; 0: none.
    ratings: by digest, in the order in which they were last given.
    picked: digests.
    comparisons: by number of the action.
  """

  def __init__(self) -> None:
    self.revision = 0
    self._log: dict[int, Action] = {}
    self._keys: dict[str, int] = {}
    self._undone: set[int] = set()
    self._clear()

  def _clear(self) -> None:
    self.ratings: dict[bytes, Rating] = {}
    self.picked: set[bytes] = set()
    self.comparisons: dict[int, Comparison] = {}

  def copy(self) -> Marks:
    """One that later actions do not change."""
    other = Marks()
    other.revision, other._undone = self.revision, set(self._undone)
    other._log, other._keys = dict(self._log), dict(self._keys)
    other.ratings, other.picked = dict(self.ratings), set(self.picked)
    other.comparisons = dict(self.comparisons)
    return other

  def when(self, count: int) -> Marks:
    """As they stood when there were first so many ratings, without what is undone by now."""
    other = Marks()
    for number, action in self._log.items():
      if action.kind != "undo" and number not in self._undone and len(other.ratings) < count:
        other.add(number, action)
    return other

  def add(self, number: int, action: Action) -> None:
    """The next action of the log; numbers ascend."""
    self.revision, self._log[number], self._keys[action.key] = number, action, number
    if action.kind != "undo":
      self._apply(number, action)
    elif action.undoes is not None:
      self._undone.add(action.undoes)
      self._clear()
      for each, former in self._log.items():
        if former.kind != "undo" and each not in self._undone:
          self._apply(each, former)

  def _apply(self, number: int, action: Action) -> None:
    if action.kind == "compare":
      self.comparisons[number] = Comparison(action.photographs, action.shown == TAKES)
      return
    (digest,) = action.photographs
    if action.value is not None:
      self.ratings.pop(digest, None)
      if action.value != CLEARED:
        self.ratings[digest] = Rating(action.value, action.shown)
    if action.pick is not None:
      (self.picked.add if action.pick else self.picked.discard)(digest)

  def by_key(self, key: str) -> Action | None:
    """The action that was stored under this key."""
    return self._log.get(self._keys.get(key, -1))

  def action(self, number: int | None) -> Action | None:
    """The action of that number."""
    return None if number is None else self._log.get(number)

  def last_standing(self, kind: str = "") -> int | None:
    """Number of the last action (of that kind) that was not undone."""
    for number in reversed(self._log):
      action = self._log[number]
      if action.kind != "undo" and number not in self._undone and kind in ("", action.kind):
        return number
    return None

  def counts(self) -> dict[str, int]:
    """How many photographs are rated, rejected and picked, and how many comparisons stand."""
    rejected = sum(rating.value == REJECTED for rating in self.ratings.values())
    return {
      "rated": len(self.ratings) - rejected,
      "rejected": rejected,
      "picked": len(self.picked),
      "comparisons": len(self.comparisons),
    }
