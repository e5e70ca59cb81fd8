"""Photographs side by side."""


def test_two_photographs_are_zoomed_and_moved_together(open_page):
  page = open_page()
  page.keyboard.press("c")
  page.wait_for_selector(".take:nth-child(2) .photo[data-ready]")
  where = "[...document.querySelectorAll('.take img')].map((image) => image.style.transform)"
  page.evaluate("import('/static/compare.js').then(({ view }) => view.look(8, 0.5, 0.5))")
  box = page.locator(".take .photo").first.bounding_box()
  before = page.evaluate(where)
  page.mouse.move(box["x"] + 100, box["y"] + 100)
  page.mouse.down()
  page.mouse.move(box["x"] + 60, box["y"] + 80, steps=4)
  page.mouse.up()
  after = page.evaluate(where)
  assert after[0] == after[1] != before[0] == before[1]
