"""One browser and one server; where no Chromium can be had the tests skip and say why."""

import contextlib
import shutil

import pytest

from tests.photos.tiny_model import save_tiny_model
from tests.web.browser.library import save_library
from tests.web.browser.server import Server
from tests.web.conftest import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-component-update",
  "--disable-background-networking",
  "--disable-sync",
]


@pytest.fixture(scope="session")
def needed():
  """The path of a Chromium; skips where something is not there."""
  pytest.importorskip("playwright", reason="no playwright: pip install 'paiaa-jax[test]'")
  pytest.importorskip("fastapi", reason="no fastapi: pip install 'paiaa-jax[web]'")
  found = next(filter(None, map(shutil.which, NAMES)), None)
  return found or pytest.skip("no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")  # while it runs, the thread counts as inside an asyncio loop
def chromium(needed):
  """A browser with an empty profile of its own."""
  from playwright.sync_api import sync_playwright

  with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=needed, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def server(needed, tmp_path_factory, child_env):
  """Of a library of forty photographs, scored; tests share its session, and rest on none of it."""
  with started(tmp_path_factory.mktemp("rate"), child_env) as running:
    yield running


@pytest.fixture
def own_server(needed, tmp_path, child_env):
  """The same with a session that the test has to itself."""
  with started(tmp_path, child_env) as running:
    yield running


@contextlib.contextmanager
def started(folder, environment):
  model, library = save_tiny_model(folder / "model"), save_library(folder / "photographs")
  running = Server(library, model, folder, environment)
  running.start()
  try:
    wait_until_scored(running)
    yield running
  finally:
    running.end()


def wait_until_scored(server: Server) -> None:
  """Until every photograph has its score, and a refit has seen them all."""

  def settled():
    state = server.get("/api/state")
    return state["ready"] == state["n"] and state["refit"] and not state["fitting"]

  wait_until(settled)


@pytest.fixture
def open_page(chromium, request):
  """open_page(**options of a context): a page of the server, its first photograph decoded.

  What the page itself did wrong fails the test.
  """
  contexts, faults = [], []

  def opened(server=None, **options):
    server = server or request.getfixturevalue("server")
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(60_000)
    contexts.append(context)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"{error}\n{error.stack}"))
    page.goto(server.address)
    page.wait_for_selector("#photo[data-ready]")
    return page

  yield opened
  for context in contexts:
    context.close()
  assert not faults, faults


def saved(page) -> None:
  """Waits until the server has answered everything."""
  page.wait_for_selector("#saving:text-is('All saved')")
