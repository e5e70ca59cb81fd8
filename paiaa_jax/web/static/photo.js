// One photograph in a box: fitted, or at 100 % and dragged about.
//
// A thumbnail stands in until 1600 pixels are decoded, and those until the full size is, which is
// asked for only where one looks closer.

import { h, thumb } from "./dom.js";
import { gestures } from "./gestures.js";
import { store } from "./store.js";

const ENLARGED = 2.5; // a small photograph is fitted at no more than this

export class Photo {
  // `swipe(way)`: -1 back, 1 on, where the photograph is fitted.
  constructor(box, view, { swipe = () => {} } = {}) {
    Object.assign(this, { box, view, swipe, id: null, shown: 0 });
    this.image = h("img", { alt: "", draggable: "false", decoding: "async" });
    this.words = h("p", { class: "broken", hidden: true });
    box.append(this.image, this.words);
    view.viewers.add(this);
    this.resized = new ResizeObserver(() => this.layout());
    this.resized.observe(box);
    gestures(this);
  }

  remove() {
    this.view.viewers.delete(this);
    this.resized.disconnect();
  }

  show(id) {
    this.id = id;
    this.full = false;
    this.natural = null;
    const { name, error } = store.photos;
    this.image.alt = name[id];
    const why = error[id];
    this.#tell(why);
    if (!why) this.#load(thumb(id, 640), `/api/image/${id}?size=1600`);
    this.layout();
  }

  // Why there is no picture, in its place; "" where there is one.
  #tell(why) {
    this.words.hidden = !why;
    this.words.textContent = why ? `${store.photos.name[this.id]} cannot be shown: ${why}` : "";
    this.image.hidden = Boolean(why);
  }

  // Sources from coarse to fine; a later photograph or a finer picture makes the former one stale.
  async #load(...sources) {
    const turn = ++this.shown;
    for (const source of sources) {
      const loaded = new Image();
      loaded.src = source;
      const ready = await loaded.decode().then(
        () => true,
        () => false,
      );
      if (turn !== this.shown) return;
      if (!ready) continue;
      this.image.src = source;
      this.natural = [loaded.naturalWidth, loaded.naturalHeight];
      this.layout();
    }
    if (!this.natural) this.#tell("the server has no picture of it"); // and not the one before
    this.box.dataset.ready = this.id;
  }

  // Width and height of the photograph itself, in its own pixels.
  get size() {
    const { width, height } = store.photos;
    if (width[this.id] && height[this.id]) return [width[this.id], height[this.id]];
    return this.natural ?? [3, 2];
  }

  // CSS pixels a pixel of the photograph.
  get scale() {
    if (this.view.zoomed) return this.view.scale / devicePixelRatio;
    const [width, height] = this.size;
    const { clientWidth, clientHeight } = this.box;
    return Math.min(clientWidth / width, clientHeight / height, ENLARGED);
  }

  // The point of the photograph under a point of the page, as shares of its sides.
  under(clientX, clientY) {
    const box = this.image.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  }

  // The point that is in the middle of the box, which the edges keep from going further.
  middle() {
    const [width, height] = this.size.map((side) => side * this.scale);
    const { clientWidth, clientHeight } = this.box;
    return [
      (clientWidth / 2 - placed(width, clientWidth, this.view.x)) / width,
      (clientHeight / 2 - placed(height, clientHeight, this.view.y)) / height,
    ];
  }

  layout() {
    if (this.id === null) return;
    const [width, height] = this.size.map((side) => side * this.scale);
    const { clientWidth, clientHeight } = this.box;
    const left = placed(width, clientWidth, this.view.x);
    const top = placed(height, clientHeight, this.view.y);
    const { style } = this.image;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.transform = `translate(${left}px, ${top}px)`;
    this.box.classList.toggle("zoomed", this.view.zoomed);
    if (this.view.zoomed && !this.full && Math.max(...this.size) > 1600) {
      this.full = true;
      this.#load(`/api/image/${this.id}?size=full`);
    }
  }
}

// Where a side begins: in the middle where it fits, else so that the box is covered.
function placed(side, room, centre) {
  if (side <= room) return (room - side) / 2;
  return Math.min(0, Math.max(room - side, room / 2 - centre * side));
}
