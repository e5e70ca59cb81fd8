"""Pictures of the page of `paiaa rate`, at two widths, dark and light, for docs/.

python -m benchmarks.rate_screenshots --source=OASIS/images --out=docs/images

The photographs are some of OASIS (public domain), dealt into folders; an imaginary person who likes
animals and the open air rates them by their names. Needs Chromium and the extra `test`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import app, flags
from PIL import Image
from playwright.sync_api import Page, sync_playwright

SOURCE = flags.DEFINE_string("source", None, "Folder of OASIS's photographs.", required=True)
OUT = flags.DEFINE_string("out", "docs/images", "Folder of the pictures.")
CHROMIUM = flags.DEFINE_string("chromium", "/usr/bin/chromium", "The browser.")

FOLDERS = {
  "animals": "Bear Bird Cat Chipmunk Dog Elephant Ferret Goat Horse Lamb Lion Meerkat Monkey "
  "Penguins Seal Tiger Wolf Zebra",
  "outside": "Beach Boat Bridge Desert Dock Fireworks Flowers Galaxy Gazing Lake Lightning Moon "
  "Nature Path Rainbow Sky Snow Sunflower Sunset Thunderstorm Waterfall Windmill Woods",
  "table": "Acorns Candle Coffee Cups Dessert Drink Food Keys Paper Picnic Pinecone Soup Toast",
  "town": "Building Car City Fence House Railroad Road Rocks Roofing Sidewalk Street Traffic Wall",
}
LIKED = {"animals": 4, "outside": 5, "town": 3, "table": 2}  # stars, one more or less by the name
RATED, AT_RANDOM = 84, 40  # so that there are enough that no score chose
SHOWN = "Lake 4.jpg"
OPEN = """async (name) => {
  const [{ store }, { open }] = await Promise.all(
    ["store", "line"].map((module) => import(`/static/${module}.js`)));
  open(store.photos.name.indexOf(name), "library");
}"""
SIZES = {400: 860, 1600: 1000}
VIEWS = ("rate", "compare", "library")
QUALITY = 60


def main(_: list[str]) -> None:
  with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
    library = deal(Path(SOURCE.value), Path(name) / "summer")
    command = [sys.executable, "-c", "from paiaa_jax.cli import main; main()", "rate", library]
    command += ["-r", "--no-browser", f"--session={name}/summer.session"]
    environment = {**os.environ, "PAIAA_CACHE": f"{name}/cache/scores.sqlite"}
    server = subprocess.Popen(
      list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment
    )
    browser = playwright.chromium.launch(
      executable_path=CHROMIUM.value, args=["--headless", "--no-sandbox", "--disable-gpu"]
    )
    try:
      assert server.stdout is not None
      page = browser.new_page(viewport={"width": 1600, "height": 1000})
      page.goto(server.stdout.readline())
      address = page.url
      rate(page)
      token = page.context.storage_state()
      for scheme in ("dark", "light"):
        for width, height in SIZES.items():
          context = browser.new_context(
            storage_state=token,
            color_scheme=scheme,
            viewport={"width": width, "height": height},
            device_scale_factor=2 if width < 500 else 1,
          )
          photograph(context.new_page(), address, f"{width}_{scheme}")
          context.close()
    finally:
      browser.close()
      server.terminate()
      server.wait()


def deal(source: Path, library: Path) -> Path:
  """Copies the photographs of FOLDERS; returns the library."""
  for folder, subjects in FOLDERS.items():
    (library / folder).mkdir(parents=True)
    for path in sorted(source.glob("*.jpg")):
      if re.sub(r" \d+$", "", path.stem) in subjects.split():
        shutil.copy(path, library / folder)
  return library


def rate(page: Page) -> None:
  """Rates as the imaginary person does, and waits for what is learnt from it."""
  page.wait_for_selector("#photo[data-ready]")
  page.wait_for_selector("#scoring", state="hidden", timeout=600_000)
  page.select_option("#order", "random")
  for i in range(RATED):
    if i == AT_RANDOM:
      page.select_option("#order", "suggest")
    folder = page.text_content("#caption .quiet") or ""
    name = page.text_content("#caption .name") or ""
    stars = LIKED[folder.strip()] + (hash_of(name) % 3 - 1)
    page.keyboard.press("Space" if name == SHOWN else str(min(5, max(1, stars))))
    time.sleep(0.3)
  page.evaluate(OPEN, SHOWN)
  page.keyboard.press("5")
  page.wait_for_selector("#saving:text-is('All saved')")
  time.sleep(3)


def hash_of(name: str) -> int:
  return sum(map(ord, name))


def photograph(page: Page, address: str, suffix: str) -> None:
  """Writes rate_VIEW_WIDTH_SCHEME.webp of every view."""
  for view in VIEWS:
    page.goto("about:blank")
    page.goto(f"{address}#{view}")
    page.wait_for_selector(f"#view-{view} .photo[data-ready], #view-{view} .tile:not([hidden])")
    if view == "library":
      page.select_option("#sort", "personal")
      page.check("#show-scores")
    if view == "rate":
      page.keyboard.press("ArrowLeft")  # to the one that was rated last
    time.sleep(3)
    out = Path(OUT.value) / f"rate_{view}_{suffix}.webp"
    page.screenshot(path=f"{out}.png")
    with Image.open(f"{out}.png") as picture:
      picture.save(out, quality=QUALITY, method=6)
    Path(f"{out}.png").unlink()


if __name__ == "__main__":
  app.run(main)
