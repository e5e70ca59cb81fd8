// Red, green and blue of a photograph, 64 values each, as one drawing.

import { s } from "./dom.js";

const WIDTH = 192;
const HEIGHT = 96;

// The ends are often clipped areas: the height is that of the highest value between them.
export function histogram({ r, g, b }) {
  const between = [r, g, b].flatMap((values) => values.slice(1, -1));
  const highest = Math.max(...between, 1);
  const drawing = s("svg", {
    class: "histogram",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": "Histogram of red, green and blue",
  });
  for (const [name, values] of Object.entries({ r, g, b })) {
    const step = WIDTH / (values.length - 1);
    const heights = values.map((value) => HEIGHT * (1 - Math.min(1, value / highest)));
    const points = heights.map((y, i) => `L${(i * step).toFixed(1)} ${y.toFixed(1)}`);
    const path = `M0 ${HEIGHT}${points.join("")}L${WIDTH} ${HEIGHT}Z`;
    drawing.append(s("path", { class: `channel ${name}`, d: path }));
  }
  return drawing;
}
