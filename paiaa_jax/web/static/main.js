// Starts the page, shows one view at a time, and hands each key to the view that is shown.

import { Refused, Unreached } from "./api.js";
import * as compare from "./compare.js";
import { showKeys } from "./dialogs.js";
import { $, count, plural, say, settings } from "./dom.js";
import { listen } from "./events.js";
import { said } from "./keys.js";
import * as library from "./library.js";
import * as line from "./line.js";
import { outbox, restore } from "./outbox.js";
import * as panel from "./panel.js";
import * as rate from "./rate.js";
import { load, on, ratingOf, refresh, store, tell } from "./store.js";
import * as strip from "./strip.js";

const VIEWS = ["rate", "compare", "library"];
let shown = null;
let connected = true;
let ended = false;
let refused = null;

const wanted = () => VIEWS.find((name) => location.hash === `#${name}`) ?? "rate";

function show(name) {
  shown = name;
  for (const view of VIEWS) {
    $(`view-${view}`).hidden = view !== name || !store.state.n;
    const tab = document.querySelector(`.tabs a[href="#${view}"]`);
    if (view === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  document.body.dataset.view = name;
  tell("view", name);
  if (name === "library" && store.state.n) $("grid").focus({ preventScroll: true });
  else document.activeElement?.blur();
}

// At once: the browser tells of a new address later, and keys may come before.
function visit(name) {
  location.hash = `#${name}`;
  if (shown !== name) show(name);
}

const forth = () => rate.move(line.forth);

const rating = {
  0: () => rate.rate(0),
  x: () => rate.rate(-1),
  p: rate.pick,
  u: rate.undo,
  n: () => rate.move(line.unrated),
  a: () => rate.toggle("auto"),
  h: () => rate.toggle("histogram"),
  i: () => rate.toggle("exif"),
  z: () => rate.view.toggle(),
  " ": forth,
  ArrowRight: forth,
  ArrowDown: forth,
  ArrowLeft: line.back,
  ArrowUp: line.back,
};
for (const value of [1, 2, 3, 4, 5]) rating[value] = () => rate.rate(value);

const comparing = { u: rate.undo, n: compare.fresh, " ": compare.fresh };
comparing.z = () => compare.view.toggle();
for (const value of [1, 2, 3, 4]) comparing[value] = () => compare.best(value - 1);

const browsing = {
  u: rate.undo,
  0: () => library.rate({ value: 0 }, "rating cleared"),
  x: () => library.rate({ value: -1 }, "rejected"),
  p: () => {
    const pick = !ratingOf(library.focused()).pick;
    library.rate({ value: null, pick }, pick ? "picked" : "no longer picked");
  },
};
for (const value of [1, 2, 3, 4, 5]) {
  browsing[value] = () => library.rate({ value }, plural(value, "star"));
}

const everywhere = {
  "?": showKeys,
  c: () => visit(shown === "compare" ? "rate" : "compare"),
  l: () => visit(shown === "library" ? "rate" : "library"),
  r: () => visit("rate"),
};

function pressed(event) {
  const key = said(event);
  const { target } = event;
  if (key === null || target.closest("input, select, textarea, dialog")) return;
  if (shown === "library" && library.key(event)) return event.preventDefault();
  const pressing = key === " " || key === "Enter"; // what has the focus is pressed by these
  if (pressing && target.closest("button, a")) return;
  if (target.closest(".panel") && /^Arrow(Up|Down)|^ $/.test(key)) return; // the panel scrolls
  const meant = { rate: rating, compare: comparing, library: browsing }[shown];
  const act = store.state.n ? (meant[key] ?? everywhere[key]) : everywhere[key];
  if (!act || (event.repeat && !key.startsWith("Arrow"))) return;
  event.preventDefault();
  act();
}

function drawSaving() {
  const waiting = outbox.length;
  const saving = $("saving");
  saving.classList.toggle("failing", Boolean(outbox.failing));
  if (outbox.failing) saving.textContent = `Not saved yet: ${count(waiting)}`;
  else saving.textContent = waiting ? "Saving …" : "All saved";
  const why =
    outbox.failing ?? (ended ? ENDED : connected ? refused : "the server cannot be reached");
  $("trouble").hidden = !why;
  $("trouble").textContent = !why
    ? ""
    : waiting
      ? `Not saved yet (${count(waiting)}): ${why}. It is tried again by itself.`
      : `${why[0].toUpperCase()}${why.slice(1)}.`;
}

const ENDED = "this page’s server has ended; open the address that paiaa rate printed";

function drawReady() {
  const { ready, n, bad } = store.state;
  const done = ready + bad.length >= n;
  $("scoring").hidden = done;
  $("scoring").max = n;
  $("scoring").value = ready;
  $("scoring").title = `${count(ready)} of ${plural(n, "photograph")} scored`;
  return done;
}

function drawEmpty() {
  const { n, name } = store.state;
  $("view-empty").hidden = n > 0;
  $("empty-title").textContent = `No photographs in ${name}`;
  $("empty-words").textContent =
    "paiaa rate shows JPEG, PNG, WebP, TIFF and, where pillow-heif is installed, HEIC. " +
    "With -r it looks into the folders within.";
}

async function start() {
  try {
    await load();
  } catch (error) {
    $("trouble").hidden = false;
    $("trouble").textContent = `The server did not answer: ${error.message}.`;
    return;
  }
  $("library-name").textContent = store.state.name;
  document.title = `${store.state.name} · paiaa rate`;
  for (const part of [rate, strip, panel, compare, library]) part.start();
  drawEmpty();
  on("outbox", drawSaving);
  on("connected", (now) => {
    connected = now;
    if (now) ended = false;
    drawSaving();
  });
  on("ended", () => {
    ended = true;
    drawSaving();
  });
  on("refused", (words) => {
    refused = words;
    say(words);
    drawSaving();
    setTimeout(() => {
      refused = null;
      drawSaving();
    }, 8000);
  });
  on("ready", () => drawReady() && refresh()); // widths, bursts and what cannot be read
  restore();
  drawReady();
  addEventListener("unhandledrejection", (event) => {
    if (!(event.reason instanceof Refused || event.reason instanceof Unreached)) return;
    event.preventDefault();
    tell("refused", event.reason.message);
  });
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    // a button that was clicked does not keep Space and Enter to itself
    if (event.detail > 0) event.target.closest("button:not(dialog *)")?.blur();
  });
  document.addEventListener("open", ({ detail: id }) => {
    line.open(id, "library");
    visit("rate");
  });
  $("help").addEventListener("click", showKeys);
  $("compare-undo").addEventListener("click", rate.undo);
  addEventListener("hashchange", () => shown !== wanted() && show(wanted()));
  on("undone", () => visit("rate"));
  show(wanted());
  listen();
  if (store.state.n) await line.begin(settings.get("order", "suggest"));
  $("order").value = line.line.order;
}

start();
