// Signed parts as bars to either side of a line: name, bar, number.

import { h } from "./dom.js";

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

// rows: [[name, value]].
export function bars(rows) {
  const longest = Math.max(...rows.map(([, value]) => Math.abs(value)), 1e-6);
  return h(
    "dl",
    { class: "bars" },
    rows.map(([name, value]) => {
      const bar = h("i", { class: value < 0 ? "takes" : "adds" });
      bar.style.width = `${(50 * Math.abs(value)) / longest}%`;
      return h(
        "div",
        {},
        h("dt", {}, name),
        h("dd", {}, h("span", { class: "track", "aria-hidden": "true" }, bar), signed(value)),
      );
    }),
  );
}
