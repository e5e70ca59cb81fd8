"""Rows in the paper's order: each published one, and ours of the same method right below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from paiaa_jax.reporting.table import PUBLISHED, Cell, Table

Measured = Iterable[tuple[str, Sequence[Cell]]]  # (method, its cells)


def add_in_order(table: Table, published: Mapping[str, Sequence[Cell]], measured: Measured) -> None:
  """Adds all rows; what no published row has as its method comes last.

  Args:
    table: its first column is the method.
    published: method -> cells, as many as a measured row has; a shorter row is filled with None.
    measured: in the order in which they shall stand.
  """
  width = len(table.columns) - 1
  ours: dict[str, list[Sequence[Cell]]] = {}
  for method, cells in measured:
    ours.setdefault(method, []).append(cells)
  for method, cells in published.items():
    table.add(method, *cells, *[None] * (width - len(cells)), origin=PUBLISHED)
    for own in ours.pop(method, ()):
      table.add(method, *own)
  for method, rows in ours.items():
    for own in rows:
      table.add(method, *own)
