"""How fast the page of `paiaa rate` is with many photographs, measured in Chromium.

python -m benchmarks.rate_page --photographs=10000

The library is that of benchmarks/rate_server.py, whose scores are in the cache. Printed: a rating
from the key to the answer, a refit from the end of the pause of keys to the new order on the
screen, another tab's rating until it is seen; and of scrolling the library from end to end the CPU
that a frame takes and the tasks over 50 ms, which a hand notices.
"""

import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from absl import app, flags
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.rate_server import COMMAND, make_library

PHOTOGRAPHS = flags.DEFINE_integer("photographs", 10_000, "How many.", lower_bound=100)
RATINGS = flags.DEFINE_integer("ratings", 100, "How many are given, five a second.", lower_bound=10)
CHROMIUM = flags.DEFINE_string("chromium", "/usr/bin/chromium", "The browser.")
PAUSE = 400  # ms without a key after which the server begins a refit
SCORING = 3600  # seconds that scoring may take

RATE_TIMES = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => name.endsWith("/api/rate")).map(({ duration }) => duration)"""
NEXT_ORDER = """() => new Promise(async (resolve) => {
  const { on } = await import("/static/store.js");
  const rated = performance.now();
  on("scores", () => requestAnimationFrame(() => resolve(performance.now() - rated)));
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "4", bubbles: true }));
})"""
WATCH = """async (id) => {
  const { on, ratingOf } = await import("/static/store.js");
  window.seen = new Promise((resolve) =>
    on("ratings", () => ratingOf(id).value === 3 && resolve(Date.now())));
}"""
SCROLL = """() => new Promise((resolve) => {
  const tasks = [];
  let frames = 0;
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: "longtask" });
  const scroller = document.getElementById("scroller");
  scroller.scrollTop = 0;
  const step = () => {
    frames += 1;
    scroller.scrollTop += 400;
    const end = scroller.scrollHeight - scroller.clientHeight - 1;
    if (scroller.scrollTop < end) requestAnimationFrame(step);
    else setTimeout(() => resolve([frames, tasks]), 500);
  };
  requestAnimationFrame(step);
})"""


def main(_: list[str]) -> None:
  with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
    library, cache = Path(name) / "library", Path(name) / "cache.sqlite"
    make_library(library, cache, PHOTOGRAPHS.value)
    command = [*COMMAND, str(library), "--no-browser", f"--cache={cache}"]
    command += [f"--session={name}/benchmark.session"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    browser = playwright.chromium.launch(
      executable_path=CHROMIUM.value, args=["--headless", "--no-sandbox", "--disable-gpu"]
    )
    try:
      assert server.stdout is not None
      page = browser.new_context(viewport={"width": 1600, "height": 1000}).new_page()
      page.goto(server.stdout.readline())
      page.wait_for_selector("#photo[data-ready]")
      page.evaluate("performance.setResourceTimingBufferSize(1e6)")  # else the first 250
      page.wait_for_selector("#scoring", state="hidden", timeout=1000 * SCORING)
      report(page)
    finally:
      browser.close()
      server.terminate()
      server.wait()


def report(page: Page) -> None:
  for i in range(RATINGS.value):
    page.keyboard.press("12345"[i * 7 % 5])
    time.sleep(0.2)
  page.wait_for_selector("#saving:text-is('All saved')")
  show("rating answered", page.evaluate(RATE_TIMES))
  show("another tab sees it", [other_tab(page) for _ in range(10)])
  page.keyboard.press("l")
  page.select_option("#sort", "personal")
  page.focus("#grid")
  time.sleep(3)
  refits = []
  for _ in range(10):
    refits.append(page.evaluate(NEXT_ORDER) - PAUSE)
    time.sleep(2)
  show("new order on the page", refits)
  session = page.context.new_cdp_session(page)
  session.send("Performance.enable", {"timeDomain": "threadTicks"})
  before = main_thread(session)
  frames, tasks = page.evaluate(SCROLL)
  a_frame = 1000 * (main_thread(session) - before) / frames
  longest = f", the longest {max(tasks):.0f} ms" if tasks else ""
  print(f"scrolling {PHOTOGRAPHS.value}: {a_frame:.1f} ms of the main thread's CPU a frame")
  print(f"tasks over 50 ms on the clock: {len(tasks)} in {frames} frames{longest}")


def main_thread(session: CDPSession) -> float:
  """Seconds of CPU that the page's main thread has taken, whatever else the machine does."""
  metrics = session.send("Performance.getMetrics")["metrics"]
  return next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def other_tab(page: Page) -> float:
  """Milliseconds from the answer in one tab to another tab that shows it."""
  other = page.context.new_page()
  other.goto(page.url)
  other.wait_for_selector("#photo[data-ready]")
  number = page.evaluate("import('/static/rate.js').then(({ current }) => current())")
  other.evaluate(WATCH, number)
  page.keyboard.press("3")
  page.wait_for_selector("#saving:text-is('All saved')")
  answered = page.evaluate("Date.now()")
  seen = other.evaluate("window.seen")
  other.close()
  return max(0.0, seen - answered)


def show(what: str, times: list[float]) -> None:
  middle, most = np.percentile(times, (50, 95))
  print(f"{what}: median {middle:.0f} ms, 95th percentile {most:.0f} ms, most {max(times):.0f} ms")


if __name__ == "__main__":
  app.run(main)
