// Where one looks: fitted, or so many pixels of the screen a pixel of the photograph, at a point.
// Viewers that share a view are zoomed and moved together.

const LARGEST = 8; // screen pixels a pixel of the photograph

export class View {
  constructor() {
    this.viewers = new Set();
    this.fit();
  }

  get zoomed() {
    return this.scale !== null;
  }

  fit() {
    this.scale = null;
    this.x = this.y = 0.5; // the point in the middle, as shares of width and height
    this.#changed();
  }

  // To 100 % at a point of the photograph, or back.
  toggle(x = 0.5, y = 0.5) {
    if (this.zoomed) this.fit();
    else this.look(1, x, y);
  }

  look(scale, x, y) {
    this.scale = Math.min(LARGEST, scale);
    this.x = Math.min(1, Math.max(0, x));
    this.y = Math.min(1, Math.max(0, y));
    this.#changed();
  }

  #changed() {
    for (const viewer of this.viewers) viewer.layout();
    this.onchange?.(this.zoomed);
  }
}
