"""Ours stands right below the published row of its method; nothing published is ours."""

from paiaa_jax.reporting.table import MEASURED, PUBLISHED, Table
from studies.reproduce.rows import add_in_order


def test_rows_stand_in_the_papers_order():
  table = Table("t", "t", ("method", "SROCC", "run"))
  measured = [("new", (0.1, "r0")), ("B", (0.2, "r1")), ("B", (0.3, "r2"))]
  add_in_order(table, {"A": (0.5,), "B": (0.6,)}, measured)
  rows = [(row.cells, row.origin) for row in table.rows]
  assert rows == [
    (("A", 0.5, None), PUBLISHED),
    (("B", 0.6, None), PUBLISHED),
    (("B", 0.2, "r1"), MEASURED),
    (("B", 0.3, "r2"), MEASURED),
    (("new", 0.1, "r0"), MEASURED),
  ]
