// A grid of any length that holds elements for what is seen alone, and moves those as one scrolls.

import { h, thumb } from "./dom.js";
import { store } from "./store.js";

const GAP = 8; // px
const CAPTION = 26; // px below a picture
const SPARE = 2; // rows above and below what is seen
const FAST = 3; // px a ms above which pictures wait until the scrolling slows
const SETTLED = 90; // ms without scrolling

export class Grid {
  // `fill(tile, id)` writes what a tile says; `tile` has image, caption and the element itself.
  constructor(scroller, grid, fill) {
    Object.assign(this, { scroller, grid, fill, ids: [], tiles: [], focus: 0, columns: 1 });
    this.top = 0;
    this.time = 0;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.resize()).observe(scroller);
  }

  show(ids) {
    const focused = this.ids[this.focus];
    this.ids = ids;
    this.focus = Math.max(0, ids.indexOf(focused));
    this.resize();
    this.refill();
  }

  resize() {
    const style = getComputedStyle(this.grid);
    const room = this.scroller.clientWidth - 2 * parseFloat(style.getPropertyValue("--edge"));
    if (room <= 0) return;
    const wanted = parseFloat(style.getPropertyValue("--tile"));
    this.edge = parseFloat(style.getPropertyValue("--edge"));
    this.columns = Math.max(2, Math.floor((room + GAP) / (wanted + GAP)));
    this.width = (room + GAP) / this.columns - GAP;
    this.row = Math.round(this.width * 0.75) + CAPTION + GAP;
    const rows = Math.ceil(this.ids.length / this.columns);
    this.grid.style.height = `${rows * this.row + this.edge}px`;
    const seen = Math.ceil(this.scroller.clientHeight / this.row) + 1 + 2 * SPARE;
    this.#grow(seen * this.columns);
    this.draw();
  }

  #grow(count) {
    while (this.tiles.length < count) {
      const image = h("img", { alt: "", decoding: "async", draggable: "false" });
      const caption = h("span", { class: "tile-caption" });
      const tick = h("span", { class: "tick-box", "aria-hidden": "true" });
      const element = h(
        "div",
        { class: "tile", role: "option", hidden: true },
        image,
        tick,
        caption,
      );
      element.id = `tile-${this.tiles.length}`;
      image.addEventListener("error", () => element.classList.add("missing"));
      this.tiles.push({ element, image, caption, at: -1, id: -1 });
      this.grid.append(element);
    }
  }

  #scrolled() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame((time) => {
      const speed = Math.abs(this.scroller.scrollTop - this.top) / Math.max(1, time - this.time);
      Object.assign(this, { top: this.scroller.scrollTop, time });
      this.draw(speed < FAST);
    });
    clearTimeout(this.settled);
    this.settled = setTimeout(() => this.draw(), SETTLED);
  }

  // Place `at` has tile `at` modulo their number, so that scrolling rewrites only what comes in.
  draw(pictures = true) {
    const above = Math.max(0, Math.floor(this.scroller.scrollTop / this.row) - SPARE);
    const first = above * this.columns;
    const last = Math.min(this.ids.length, first + this.tiles.length);
    const used = new Set();
    for (let at = first; at < last; at++) {
      const tile = this.tiles[at % this.tiles.length];
      used.add(tile);
      this.#place(tile, at, pictures);
    }
    for (const tile of this.tiles) if (!used.has(tile)) tile.element.hidden = true;
    this.#mark();
  }

  #place(tile, at, pictures) {
    const { element, image } = tile;
    const id = this.ids[at];
    const place = `${at} ${this.columns} ${this.width}`;
    if (tile.place !== place) {
      const [row, column] = [Math.floor(at / this.columns), at % this.columns];
      const left = this.edge + column * (this.width + GAP);
      element.style.width = `${this.width}px`;
      element.style.height = `${this.row - GAP}px`;
      element.style.transform = `translate(${left}px, ${row * this.row}px)`;
      element.setAttribute("aria-posinset", at + 1);
      element.setAttribute("aria-setsize", this.ids.length);
    }
    if (tile.id !== id || tile.stale) this.fill(tile, id);
    if (tile.id !== id) {
      element.classList.remove("missing");
      image.removeAttribute("src");
      tile.pictured = false;
    }
    Object.assign(tile, { at, id, place, stale: false });
    element.hidden = false;
    if (pictures && !tile.pictured && !store.photos.error[id]) {
      image.src = thumb(id, 320);
      tile.pictured = true;
    }
  }

  refill(ids = null) {
    for (const tile of this.tiles) if (!ids || ids.includes(tile.id)) tile.stale = true;
    this.draw();
  }

  #mark() {
    for (const tile of this.tiles) {
      const here = tile.at === this.focus && !tile.element.hidden;
      tile.element.classList.toggle("focused", here);
      if (here) this.grid.setAttribute("aria-activedescendant", tile.element.id);
    }
    if (!this.ids.length) this.grid.removeAttribute("aria-activedescendant");
  }

  moveTo(at) {
    if (!this.ids.length) return;
    this.focus = Math.min(this.ids.length - 1, Math.max(0, at));
    const top = Math.floor(this.focus / this.columns) * this.row;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.row > scrollTop + clientHeight) {
      this.scroller.scrollTop = top + this.row - clientHeight;
    }
    this.draw();
  }

  get focused() {
    return this.ids[this.focus];
  }

  // The photograph whose tile an event fell on, as its place.
  placeOf(event) {
    const element = event.target.closest(".tile");
    return element ? this.tiles.find((tile) => tile.element === element).at : -1;
  }
}
