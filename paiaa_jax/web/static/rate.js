// The view in which one rates: the photograph, its stars, what H and I show of it.

import { get } from "./api.js";
import { $, count, h, icon, plural, say, settings, thumb } from "./dom.js";
import { histogram } from "./histogram.js";
import { back, forth, line, open, reorder } from "./line.js";
import { send } from "./outbox.js";
import { Photo } from "./photo.js";
import { fileOf, inWords, on, ratingOf, store, tell } from "./store.js";
import { View } from "./view.js";

export const view = new View();
export const shows = {
  auto: settings.get("auto", true),
  histogram: settings.get("histogram", false),
  exif: settings.get("exif", false),
};

const AHEAD = 2; // photographs fetched before they are wanted
let photo;
let finished = false;
let moving = null; // while the next photograph is asked for

export const current = () => line.entry?.id;

// A step to another photograph; keys pressed meanwhile are meant for that one.
export function move(step) {
  const turn = step().finally(() => {
    if (moving === turn) moving = null;
  });
  moving = turn;
}

// Whether an action has to wait for a step; it is then done behind it.
function behind(act) {
  moving?.then(act);
  return moving !== null;
}

// 1..5, 0 clears, -1 rejects. The page goes on at once; the server's answer comes behind.
export function rate(value) {
  if (behind(() => rate(value))) return;
  const id = current();
  if (id == null || finished) return;
  const words = value > 0 ? plural(value, "star") : value ? "rejected" : "rating cleared";
  submit(id, { value }, words);
  if (shows.auto && value !== 0) move(forth);
}

// A click on the rating that it has takes it back, as there is no other way by touch.
const click = (value) => rate(ratingOf(current()).value === value ? 0 : value);

export function pick() {
  if (behind(pick)) return;
  const id = current();
  if (id == null || finished) return;
  const now = !ratingOf(id).pick;
  submit(id, { value: null, pick: now }, now ? "picked" : "no longer picked");
}

export function submit(id, body, words, order = line.entry?.order ?? line.order) {
  const told = `${fileOf(id)}: ${words}`;
  send("/api/rate", { id, order, ...body }, told).then(
    () => say(`${told}, saved`),
    () => {},
  );
}

export async function undo() {
  try {
    const { id, comparison } = await send("/api/undo", {}, "undo");
    if (id == null) return say(comparison ? "Comparison undone" : "Nothing to undo");
    say(`Undone: ${fileOf(id)}`);
    tell("undone");
    open(id, line.order);
  } catch {
    // told by the outbox
  }
}

export function toggle(name) {
  shows[name] = !shows[name];
  settings.set(name, shows[name]);
  drawTools();
  if (name !== "auto") drawDetails();
}

function drawTools() {
  $("auto").setAttribute("aria-pressed", shows.auto);
  $("histogram-on").setAttribute("aria-pressed", shows.histogram);
  $("exif-on").setAttribute("aria-pressed", shows.exif);
}

function drawStars() {
  const id = current();
  if (id == null) return;
  const { value, pick: picked, saved } = ratingOf(id);
  [...$("stars").children].forEach((star, i) => {
    star.classList.toggle("on", value > i);
    star.setAttribute("aria-pressed", value === i + 1);
  });
  $("reject").setAttribute("aria-pressed", value === -1);
  $("pick").setAttribute("aria-pressed", picked);
  $("photo").classList.toggle("rejected", value === -1);
  document.querySelector(".rating").classList.toggle("waiting", !saved);
}

function drawPhoto() {
  finished = false;
  $("photo").classList.remove("finished");
  $("finish-words").textContent = "";
  const id = current();
  if (id == null) return;
  if (view.zoomed) view.fit();
  photo.show(id);
  const folder = store.photos.folder[id];
  $("caption").replaceChildren(
    h("span", { class: "name" }, store.photos.name[id]),
    folder && folder !== "." ? h("span", { class: "quiet" }, ` ${folder}`) : "",
  );
  drawStars();
  drawDetails();
  say(`${fileOf(id)}, ${inWords(id)}`);
  for (const { id: soon } of line.entries.slice(line.at + 1, line.at + 1 + AHEAD)) {
    if (!store.photos.error[soon]) new Image().src = `/api/image/${soon}?size=1600`;
  }
}

async function drawDetails() {
  const id = current();
  document.querySelector(".histogram")?.remove();
  $("exif").hidden = true;
  if (id == null || store.photos.error[id] || !(shows.histogram || shows.exif)) return;
  const details = await get(`/api/details/${id}`);
  if (id !== current()) return;
  document.querySelector(".histogram")?.remove();
  if (shows.histogram) $("photo").append(histogram(details.histogram));
  if (shows.exif) {
    const { camera, lens, focal_length, aperture, exposure, iso, taken } = details.exif;
    const size = `${count(details.width)} × ${count(details.height)}`;
    const known = [camera, lens, focal_length, aperture, exposure, iso, taken, size];
    $("exif").textContent = known.filter(Boolean).join(" · ");
    $("exif").hidden = false;
  }
}

function drawFinished() {
  finished = true;
  const { rated, rejected } = store.state.counts;
  const words = `${plural(rated, "photograph")} rated, ${count(rejected)} rejected.`;
  $("photo").classList.add("finished");
  if ($("finish-words").textContent === words) return;
  $("finish-words").textContent = words;
  say(`Nothing is left to rate in this order. ${words}`);
}

export function start() {
  for (let value = 1; value <= 5; value++) {
    const name = plural(value, "star");
    const attributes = { title: `${name} (${value})`, "aria-label": name, "aria-pressed": false };
    const star = h("button", { class: "star", ...attributes, onclick: () => click(value) });
    $("stars").append(filledWith(star, "star"));
  }
  photo = new Photo($("photo"), view, { swipe: (way) => (way < 0 ? back() : move(forth)) });
  $("photo").append(
    h(
      "div",
      { class: "finish" },
      h("h2", {}, "Nothing is left to rate"),
      h("p", { id: "finish-words" }),
      h("a", { href: "#library" }, "See the library"),
    ),
  );
  view.onchange = (zoomed) => $("zoom").setAttribute("aria-pressed", zoomed);
  const clicks = { reject: () => click(-1), pick, undo, zoom: () => view.toggle() };
  Object.assign(clicks, { previous: back, next: () => move(forth), auto: () => toggle("auto") });
  clicks["histogram-on"] = () => toggle("histogram");
  clicks["exif-on"] = () => toggle("exif");
  for (const [id, clicked] of Object.entries(clicks)) $(id).addEventListener("click", clicked);
  $("order").value = line.order;
  $("order").addEventListener("change", chooseOrder);
  on("shown", drawPhoto);
  on("finished", drawFinished);
  on("ratings", (ids) => {
    if (ids === null || ids.includes(current())) drawStars();
    if (finished) drawFinished(); // the last answer counts
  });
  drawTools();
}

const filledWith = (button, name) => (button.append(icon(name)), button);

async function chooseOrder() {
  settings.set("order", $("order").value);
  $("order").blur();
  await reorder($("order").value);
  if (line.told !== line.order) say("Nothing is scored yet: random for now");
  move(forth);
}
