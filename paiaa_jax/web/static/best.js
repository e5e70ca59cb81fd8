// "Best now": the library's best by your score, and how many places each moved at the last refit.

import { get } from "./api.js";
import { $, calm, h, thumb } from "./dom.js";
import { current } from "./rate.js";
import { fileOf, isRated, on, store } from "./store.js";

const SHOWN = 12;
const ASKED = 24; // more than are shown: the one before you is left out until it is rated
const MOVING = 350; // ms

const cards = new Map(); // id -> its <li>
let best = null;

function make(id) {
  const image = h("img", { alt: "", src: thumb(id, 160), decoding: "async", draggable: "false" });
  const button = h(
    "button",
    {},
    image,
    h("span", { class: "rank" }),
    h("span", { class: "moved" }),
  );
  button.addEventListener("click", () =>
    document.dispatchEvent(new CustomEvent("open", { detail: id })),
  );
  return h("li", {}, button);
}

function moved(places) {
  if (places > 0) return { text: `▲ ${places}`, words: `, up ${places}`, way: "up" };
  if (places < 0) return { text: `▼ ${-places}`, words: `, down ${-places}`, way: "down" };
  return { text: "", words: "", way: "" };
}

function fill(card, place, entry) {
  const [, rank, mark] = card.firstChild.children;
  const { text, words, way } = moved(entry.moved ?? 0);
  rank.textContent = place;
  mark.textContent = text;
  mark.className = `moved ${way}`;
  card.firstChild.setAttribute("aria-label", `${place}: ${fileOf(entry.id)}${words}`);
  card.firstChild.title = `${store.photos.name[entry.id]}: place ${range(entry)}`;
}

const range = ({ rank_low: low, rank_high: high }) =>
  low == null ? "not known yet" : low === high ? `${low}` : `${low} to ${high}`;

export const isPersonal = () => best?.by === "personal";

// Blind: the photograph before you is not among them before you have rated it.
const visible = () => best.best.filter(({ id }) => id !== current() || isRated(id)).slice(0, SHOWN);

export function draw() {
  if (!best) return;
  const list = $("best");
  const before = new Map([...cards].map(([id, card]) => [id, card.getBoundingClientRect()]));
  const wanted = visible().map((entry, i) => {
    if (!cards.has(entry.id)) cards.set(entry.id, make(entry.id));
    fill(cards.get(entry.id), i + 1, entry);
    return cards.get(entry.id);
  });
  const same = wanted.every((card, i) => list.children[i] === card);
  if (same && list.children.length === wanted.length) return;
  list.replaceChildren(...wanted);
  for (const [id, card] of cards) if (!card.isConnected) cards.delete(id);
  if (!calm()) move(before);
}

function move(before) {
  for (const [id, card] of cards) {
    const from = before.get(id);
    const to = card.getBoundingClientRect();
    const frames = from?.width
      ? [{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, {}]
      : [{ opacity: 0 }, {}];
    card.animate(frames, { duration: MOVING, easing: "cubic-bezier(.2, .7, .2, 1)" });
  }
}

export async function load() {
  best = await get(`/api/best?count=${ASKED}`);
  const scored = best.best.length > 0;
  $("best-by").textContent = !scored
    ? "Nothing is scored yet."
    : best.by === "generic"
      ? "By the general score, until there are ratings to learn from."
      : "By your own score; arrows tell what moved since the refit before.";
  draw();
}

on("shown", draw);
on("ratings", draw);
