"""What two tabs, a lost connection and a refusal come to."""

import json

from tests.web.browser.conftest import saved

SEEN = """async ([number, value]) => {
  const { ratingOf } = await import("/static/store.js");
  return ratingOf(number).value === value;
}"""


def rating_of(page, number):
  return page.evaluate(
    """async (number) => {
      const { ratingOf } = await import("/static/store.js");
      return ratingOf(number);
    }""",
    number,
  )


def current(page):
  return page.evaluate("import('/static/rate.js').then(({ current }) => current())")


def test_the_last_of_two_tabs_wins_and_the_other_sees_it(open_page):
  one, two = open_page(), open_page()
  one.keyboard.press("a")
  number = current(one)
  one.keyboard.press("2")
  saved(one)
  two.evaluate(
    """async (number) => {
      const { open } = await import("/static/line.js");
      open(number, "library");
    }""",
    number,
  )
  two.wait_for_selector("#stars .star:nth-child(2)[aria-pressed=true]")
  two.keyboard.press("5")
  saved(two)
  one.wait_for_selector("#stars .star:nth-child(5)[aria-pressed=true]")
  assert rating_of(one, number) == {"value": 5, "pick": False, "saved": True}


def test_seven_tabs_are_answered_and_hear_of_each_other(open_page, server):
  first = open_page()  # which listens for all of them
  tabs = [first]
  for _ in range(6):  # more than the connections that a browser opens to one server
    tabs.append(first.context.new_page())
    tabs[-1].goto(server.address.partition("?")[0])
    tabs[-1].wait_for_selector("#photo[data-ready]")
  last = tabs[-1]
  number = current(last)
  for value, key in ((2, "2"), (4, "4")):
    last.evaluate("(id) => import('/static/line.js').then(({ open }) => open(id, 'x'))", number)
    last.keyboard.press(key)
    saved(last)
    for tab in tabs:
      tab.wait_for_function(SEEN, arg=[number, value])
    tabs.pop(0).close()  # another one listens from here on


def test_what_is_not_answered_is_told_and_sent_again_with_the_same_key(open_page, server):
  page = open_page()
  page.keyboard.press("a")
  sent = []

  def lost(route):
    sent.append(json.loads(route.request.post_data))
    if len(sent) == 1:
      route.abort()  # it never left
    elif len(sent) == 2:
      route.fetch()  # it was stored, and the answer was lost
      route.abort()
    else:
      route.continue_()

  page.route("**/api/rate", lost)
  revision, number = server.get("/api/state")["revision"], current(page)
  page.keyboard.press("3")
  page.wait_for_selector("#trouble:not([hidden])")
  assert page.text_content("#saving") == "Not saved yet: 1"
  assert rating_of(page, number) == {"value": 3, "pick": False, "saved": False}
  assert page.get_attribute(".rating", "class") == "rating waiting"
  saved(page)
  page.wait_for_selector("#trouble", state="hidden")
  assert page.get_attribute(".rating", "class") == "rating"
  assert len(sent) == 3 and all(each == sent[0] for each in sent)
  assert server.get("/api/state")["revision"] == revision + 1
  assert server.get("/api/photos")["rating"][number] == 3


def test_a_rating_is_shown_on_files_of_the_same_content(open_page):
  page = open_page()
  number = current(page)
  twin = (number + 1) % 40

  def answered_for_both(route):
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | {"ids": [number, twin]})

  page.route("**/api/rate", answered_for_both)
  page.keyboard.press("2")
  saved(page)
  assert rating_of(page, twin) == {"value": 2, "pick": False, "saved": True}


def test_what_was_not_answered_is_sent_after_a_reload(open_page, server):
  page = open_page()
  page.route("**/api/rate", lambda route: route.abort())
  number = current(page)
  page.keyboard.press("1")
  page.wait_for_selector("#trouble:not([hidden])")
  assert server.get("/api/photos")["rating"][number] != 1
  page.unroute("**/api/rate")
  page.route("**/api/next?*", lambda route: route.continue_())
  page.reload()
  page.wait_for_selector("#photo[data-ready]")
  saved(page)
  assert server.get("/api/photos")["rating"][number] == 1


def test_a_refusal_is_told_and_does_not_hold_up_the_next(open_page, server):
  page = open_page()
  page.keyboard.press("a")
  answers = [{"status": 422, "json": {"error": "no such rating"}}]

  def refuse(route):
    if answers:
      route.fulfill(**answers.pop())
    else:
      route.continue_()

  page.route("**/api/rate", refuse)
  number = current(page)
  page.keyboard.press("2")
  page.keyboard.press("4")
  saved(page)
  assert "no such rating" in page.text_content("#trouble")
  assert server.get("/api/photos")["rating"][number] == 4
