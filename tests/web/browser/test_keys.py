"""Everything can be done by keys, and on a telephone without them."""

import pytest

from tests.web.browser.conftest import saved
from tests.web.browser.test_tabs import current, rating_of

PHONE = {"viewport": {"width": 400, "height": 820}, "has_touch": True, "is_mobile": True}


def pressed(page, element):
  return page.get_attribute(element, "aria-pressed") == "true"


def test_keys_rate_clear_reject_pick_and_undo(open_page):
  page = open_page()
  page.keyboard.press("a")
  assert not pressed(page, "#auto")
  number = current(page)
  for key, value in {"5": 5, "0": None, "x": -1, "Numpad3": 3}.items():
    page.keyboard.press(key)
    saved(page)
    assert rating_of(page, number)["value"] == value
  page.keyboard.press("p")
  saved(page)
  assert pressed(page, "#pick") and rating_of(page, number) == {
    "value": 3,
    "pick": True,
    "saved": True,
  }
  page.keyboard.press("ArrowRight")
  assert current(page) != number
  page.keyboard.press("u")  # the pick
  page.wait_for_selector("#pick[aria-pressed=false]")
  page.wait_for_selector("#stars .star:nth-child(3)[aria-pressed=true]")
  assert current(page) == number


def test_keys_move_and_go_on_after_a_rating(open_page):
  page = open_page()
  first = current(page)
  page.keyboard.press("4")
  second = current(page)
  page.keyboard.press("Space")
  third = current(page)
  assert len({first, second, third}) == 3
  page.keyboard.press("ArrowLeft")
  page.keyboard.press("ArrowLeft")
  assert current(page) == first
  page.keyboard.press("n")
  assert current(page) == second


def test_keys_zoom_and_show_what_is_known_of_the_file(open_page):
  page = open_page()
  page.keyboard.press("z")
  assert page.evaluate("document.querySelector('#photo img').offsetWidth") == 160  # its own pixels
  page.keyboard.press("z")
  assert page.evaluate("document.querySelector('#photo img').offsetWidth") > 160
  page.keyboard.press("h")
  page.wait_for_selector("#photo .histogram path.b")
  page.keyboard.press("i")
  page.wait_for_selector("#exif:not([hidden])")
  assert "Camera of the tests" in page.text_content("#exif")
  page.keyboard.press("?")
  assert page.locator("#keys[open] dt").count() == 16
  page.keyboard.press("2")  # a dialog keeps keys to itself
  page.keyboard.press("Escape")
  assert rating_of(page, current(page))["value"] is None


def test_the_library_is_browsed_by_keys(open_page):
  page = open_page()
  page.keyboard.press("l")
  page.keyboard.press("ArrowRight")
  page.keyboard.press("Space")
  page.keyboard.press("ArrowRight")
  page.keyboard.press("Space")
  assert page.locator(".tile[aria-selected=true]").count() == 2
  page.keyboard.press("End")
  active = page.get_attribute("#grid", "aria-activedescendant")
  assert "19.jpg" in page.get_attribute(f"#{active}", "aria-label")
  page.keyboard.press("Enter")
  page.wait_for_selector("#view-rate:not([hidden])")
  assert page.text_content("#caption .name") == "19.jpg"


@pytest.mark.parametrize("way", [1, -1])
def test_a_telephone_swipes_and_taps(open_page, way):
  page = open_page(**PHONE)
  page.tap("#next")
  before = current(page)
  page.evaluate(
    """(way) => {
      const box = document.getElementById("photo");
      box.setPointerCapture = () => {};
      const at = (type, x) => box.dispatchEvent(new PointerEvent(type, {
        pointerId: 7, pointerType: "touch", button: 0, clientX: x, clientY: 300, bubbles: true }));
      at("pointerdown", 200);
      at("pointermove", 200 - 60 * way);
      at("pointermove", 200 - 120 * way);
      at("pointerup", 200 - 120 * way);
    }""",
    way,
  )
  assert current(page) != before
  here = current(page)
  page.tap("#auto")
  page.tap(".star:nth-child(4)")
  saved(page)
  assert rating_of(page, here)["value"] == 4
  page.tap(".star:nth-child(4)")  # the same star again takes it back
  saved(page)
  assert rating_of(page, here)["value"] is None
