"""A sitting from the first key to the profile, with a kill in the middle."""

import json

from tests.web.browser.conftest import saved, wait_until_scored


def rated(page):
  """How many photographs the page says are rated."""
  return int(page.text_content("#counts").split()[0])


def press(page, keys):
  for key in keys:
    page.keyboard.press(key)


def test_a_sitting_survives_a_kill_and_its_profile_is_that_of_personalize(
  own_server, open_page, tmp_path
):
  server = own_server
  before = [row["id"] for row in server.get("/api/best?count=40")["best"]]
  page = open_page(server)
  sequence = [5, 1, 4, 2, 3, 5, 2, 4, 1, 5, 3, 1, 4, 5, 2, 3, 1, 4, 5, 2]
  press(page, map(str, sequence))
  press(page, "x")
  saved(page)
  assert rated(page) == 21
  given = server.get("/api/photos")["rating"]
  assert sorted(filter(None, given)) == sorted([*sequence, -1])

  page.keyboard.press("c")
  for i in range(3):
    page.wait_for_selector(".take:not(.best, .lesser) .photo[data-ready]")
    page.keyboard.press("12"[i % 2])
    page.wait_for_selector(".take:not(.best, .lesser)")
    saved(page)
  assert server.get("/api/state")["counts"]["comparisons"] == 3
  press(page, "uuu")  # the comparisons again: what is undone is the last action of any kind
  saved(page)
  press(page, "u")
  saved(page)
  page.wait_for_selector("#view-rate:not([hidden]) #photo:not(.rejected)")
  state = server.get("/api/state")["counts"]
  assert (state["rated"], state["rejected"], state["comparisons"]) == (20, 0, 0)
  undone = given.index(-1)
  assert page.text_content("#caption .name") == server.get("/api/photos")["name"][undone]
  press(page, "x")
  page.keyboard.press("c")
  for _ in range(3):
    page.wait_for_selector(".take:not(.best, .lesser) .photo[data-ready]")
    page.keyboard.press("1")
    page.wait_for_selector(".take:not(.best, .lesser)")
    saved(page)

  page.reload()
  page.wait_for_selector(".take .photo[data-ready]")
  assert rated(page) == 21
  server.kill()
  page.keyboard.press("l")
  page.focus("#grid")
  press(page, "4")  # nobody answers: kept by the tab, and told
  page.wait_for_selector("#trouble:not([hidden])")
  assert "Not saved yet" in page.text_content("#saving")
  server.start()
  page.goto(server.address)
  page.wait_for_selector("#view-rate #photo[data-ready]")
  saved(page)
  wait_until_scored(server)
  assert server.get("/api/photos")["rating"][0] == 4
  again = server.get("/api/photos")["rating"]
  assert again[1:] == given[1:]
  assert server.get("/api/state")["counts"]["comparisons"] == 3

  after = [row["id"] for row in server.get("/api/best?count=40")["best"]]
  assert sorted(after) == sorted(before) and after != before
  page.wait_for_selector("#best li:nth-child(12)")
  exported = json.loads(server.get("/api/export/profile.json"))
  server.run("personalize", server.session, "-o", tmp_path / "me.json", f"--model={server.model}")
  assert json.loads((tmp_path / "me.json").read_text()) == exported
