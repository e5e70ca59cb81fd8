// The filmstrip: as many neighbours of the photograph before you as there is room for.

import { $, h, icon, thumb } from "./dom.js";
import { go, line } from "./line.js";
import { fileOf, inWords, on, ratingOf, store } from "./store.js";

const places = new Map(); // entry -> its <li>, kept so that pictures do not blink

function make(id) {
  const src = store.photos.error[id] ? null : thumb(id, 160);
  const image = h("img", { alt: "", src, decoding: "async", draggable: "false" });
  image.addEventListener("error", () => image.classList.add("missing"));
  return h("li", {}, h("button", { tabindex: "-1" }, image, h("span", { class: "badge" })));
}

function fill(place, at, id) {
  const button = place.firstChild;
  const { value, pick, saved } = ratingOf(id);
  button.onclick = () => go(at);
  button.setAttribute("aria-label", `${fileOf(id)}, ${inWords(id)}`);
  if (at === line.at) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
  place.classList.toggle("rejected", value === -1);
  place.classList.toggle("waiting", !saved);
  button.lastChild.replaceChildren(
    ...(value > 0 ? [String(value), icon("star")] : value === -1 ? [icon("reject")] : []),
    ...(pick ? [icon("pick")] : []),
  );
}

function draw() {
  const strip = $("strip");
  const place = parseFloat(getComputedStyle(strip).getPropertyValue("--place")); // px
  const room = Math.max(3, Math.floor(strip.clientWidth / place));
  const last = Math.max(0, line.entries.length - room);
  const first = Math.min(last, Math.max(0, line.at - Math.floor(room / 2)));
  const shown = line.entries.slice(first, first + room);
  const wanted = shown.map((entry, i) => {
    if (!places.has(entry)) places.set(entry, make(entry.id));
    fill(places.get(entry), first + i, entry.id);
    return places.get(entry);
  });
  const same = wanted.every((place, i) => strip.children[i] === place);
  if (!same || strip.children.length !== wanted.length) strip.replaceChildren(...wanted);
  if (places.size > 400) places.clear();
}

export function start() {
  for (const name of ["shown", "line", "ratings"]) on(name, draw);
  new ResizeObserver(draw).observe($("strip"));
}
