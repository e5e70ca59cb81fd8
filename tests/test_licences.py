"""The page of licences is what the installed packages say of themselves."""

from tests.licences import ALLOWED, HEAD, ROOT, locked, table


def test_the_page_has_the_licence_of_every_locked_package_and_each_is_free():
  page = (ROOT / "docs/licences.md").read_text(encoding="utf-8")
  rows = table()
  assert page.startswith(HEAD) and len(rows) > 0.9 * len(locked())
  assert [name for name, licence in rows if not ALLOWED.search(licence)] == []
  assert [name for name, licence in rows if f"| {name} | {licence[:60]} |\n" not in page] == []
