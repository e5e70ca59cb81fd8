"""How pages and figures look: one stylesheet, light and dark, and colours that all can tell apart.

The colours are those of Okabe and Ito (Color Universal Design, 2008). The first two, for gain and
loss, differ in lightness too, so that they stay apart in print.
"""

from __future__ import annotations

from pathlib import Path

INK, SOFT = "#1d1f24", "#9aa1ac"
DARK_INK = "#e8e6e1"  # on a dark page
BLUE, ORANGE, GREEN, PINK, SKY, RED = CYCLE = (
  *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
)


def stylesheet() -> str:
  """CSS for inside a <style> element."""
  return (Path(__file__).parent / "look.css").read_text(encoding="utf-8")
