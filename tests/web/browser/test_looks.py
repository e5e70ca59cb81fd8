"""What is shown and what is not: nobody is influenced, nothing leaves, folders of every kind."""

import pytest

from tests.web.browser.conftest import saved

KINDS = {"no photographs": 0, "ten thousand": 10_000}
DIALOGS = {"#copy": "tbody tr", "#write-stars": "tbody tr", "#export": ".exports"}
AXE = ("axe_playwright_python.sync_playwright", "pip install 'paiaa-jax[test]'")


def columns(n):
  """GET /api/photos of a library of n."""
  named = {"name": [f"{i:05d}.jpg" for i in range(n)], "folder": [""] * n}
  unknown = dict.fromkeys(("taken", "burst", "width", "height", "rating"), [None] * n)
  return {**named, **unknown, "pick": [False] * n, "error": ["cut short", *[""] * (n - 1)][:n]}


def pretend(page, server, n):
  """Lets the page see a library of n photographs."""
  state = {**server.get("/api/state"), "n": n, "ready": n, "position": None}
  page.route("**/api/state", lambda route: route.fulfill(json=state))
  page.route("**/api/photos", lambda route: route.fulfill(json=columns(n)))
  page.reload()
  page.wait_for_selector("body[data-view]")


def test_no_score_is_asked_for_before_a_photograph_is_rated(open_page):
  page = open_page()
  asked = []
  page.on("request", lambda request: asked.append(request.url))
  page.keyboard.press("n")
  page.wait_for_selector("#photo[data-ready]")
  assert "once you have rated it" in page.text_content("#explain")
  assert not [url for url in asked if "explain" in url or "scores" in url]
  shown = page.locator("#best button").evaluate_all("all => all.map(b => b.ariaLabel)")
  assert page.text_content("#caption .name") not in " ".join(shown).split(": ")


def test_nothing_is_fetched_from_elsewhere_and_no_rule_of_the_page_is_broken(open_page, server):
  page = open_page()
  asked, told = [], []
  page.on("request", lambda request: asked.append(request.url))
  page.on("console", lambda message: told.append(message.text))
  page.reload()
  for key in "hilcr":
    page.keyboard.press(key)
    page.wait_for_timeout(100)
  saved(page)
  here = server.address.partition("/?")[0]
  assert asked and all(url.startswith(here) for url in asked)
  assert not told


def test_a_folder_without_photographs_says_so(open_page, server):
  page = open_page()
  pretend(page, server, 0)
  page.wait_for_selector("#view-empty:not([hidden])")
  assert "No photographs in" in page.text_content("#empty-title")
  for view in ("compare", "library", "rate"):
    page.click(f".tabs a[href='#{view}']")
    assert page.is_visible("#view-empty") and not page.is_visible(f"#view-{view}")
  page.keyboard.press("4")
  page.keyboard.press("n")


def test_a_picture_that_does_not_come_is_told_and_none_stands_in_for_it(open_page):
  page = open_page()
  page.route("**/api/image/*", lambda route: route.abort())
  page.route("**/api/thumb/*", lambda route: route.abort())
  page.click(".tabs a[href='#library']")
  page.keyboard.press("End")  # a photograph that nothing was fetched of yet
  page.keyboard.press("Enter")
  page.wait_for_selector("#photo .broken:has-text('19.jpg cannot be shown')")
  assert not page.is_visible("#photo img")


def test_ten_thousand_photographs_are_a_few_elements_and_a_few_pictures(open_page, server):
  page = open_page()
  pictures = []
  page.route("**/api/thumb/*", lambda route: (pictures.append(route.request.url), route.abort()))
  pretend(page, server, 10_000)
  page.keyboard.press("l")
  page.wait_for_selector(".tile:not([hidden])")
  assert "cannot be read: cut short" in page.get_attribute(".tile", "aria-label")
  page.evaluate(
    """async () => {
      const scroller = document.getElementById("scroller");
      for (let top = 0; top < scroller.scrollHeight; top += 20000) {
        scroller.scrollTop = top;
        await new Promise(requestAnimationFrame);
      }
      scroller.scrollTop = scroller.scrollHeight;
    }"""
  )
  page.wait_for_selector(".tile[aria-label^='09999.jpg']:not([hidden])")
  assert page.locator(".tile").count() < 150
  page.wait_for_timeout(200)
  assert len(set(pictures)) < 400


def test_what_would_be_written_is_shown_before_it_is(open_page, server):
  page = open_page()
  for key in "135":
    page.keyboard.press(key)
  page.wait_for_selector("#best-by:text('your own score')")  # so there is a taste to go by
  page.keyboard.press("l")
  page.click("#copy")
  page.fill("#how-many", "3")
  page.wait_for_selector("#dialog .main:text('Copy 3 photographs')")
  copies = server.library.with_name(f"{server.library.name}-best")
  assert not copies.exists() and page.locator("#dialog tbody tr").count() == 3
  page.click("#dialog .main")
  page.wait_for_selector("text=3 photographs copied")
  assert len(list(copies.iterdir())) == 3
  page.keyboard.press("Escape")
  page.click("#write-stars")
  page.wait_for_selector("#dialog tbody tr")
  assert not list(server.library.rglob("*.xmp"))


@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_no_fault_in_any_view_or_dialog(open_page, width):
  axe = pytest.importorskip(AXE[0], reason=AXE[1]).Axe()
  page = open_page(viewport={"width": width, "height": 800}, color_scheme="dark")
  for key in "452":
    page.keyboard.press(key)
  page.wait_for_selector("#best-by:text('your own score')")
  page.keyboard.press("ArrowLeft")
  page.keyboard.press("h")
  page.wait_for_selector(".histogram")

  def judge(**options):
    found = axe.run(page, options=options or None).response
    assert found["passes"]
    assert not found["violations"], [
      (each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]
    ]

  def judge_both():
    judge()
    page.emulate_media(color_scheme="light")
    judge(runOnly=["color-contrast"])
    page.emulate_media(color_scheme="dark")

  for key in ("r", "?", "Escape", "c", "l"):
    page.keyboard.press(key)
    page.wait_for_selector(".take .photo[data-ready]" if key == "c" else "main")
    if key != "Escape":
      judge_both()
  for button, content in DIALOGS.items():
    page.click(button)
    page.wait_for_selector(f"#dialog[open] {content}")
    judge_both()
    page.keyboard.press("Escape")
