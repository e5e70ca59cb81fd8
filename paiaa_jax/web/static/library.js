// Your view of the library: sorted, filtered, chosen from.

import { copyBest, exportAll, writeStars } from "./dialogs.js";
import { $, count, h, icon, plural, settings } from "./dom.js";
import { Grid } from "./grid.js";
import { arrange, folders, SORTS } from "./order.js";
import { submit } from "./rate.js";
import { fileOf, inWords, loadScores, on, ratingOf, store } from "./store.js";

export const chosen = new Set();
const how = { sort: "folder", filter: "all", folder: null, scores: false };
let grid;
let visible = false;
let anchor = 0;
let says = null;

function fill({ element, caption }, id) {
  const { value, pick, saved } = ratingOf(id);
  const error = store.photos.error[id];
  const stars = value > 0 ? "★".repeat(value) : "";
  const open = how.scores || value != null;
  const score = says && open ? says(id) : "";
  element.setAttribute("aria-selected", chosen.has(id));
  element.setAttribute(
    "aria-label",
    [fileOf(id), error ? `cannot be read: ${error}` : inWords(id), score]
      .filter(Boolean)
      .join(", "),
  );
  element.classList.toggle("rejected", value === -1);
  element.classList.toggle("waiting", !saved);
  element.classList.toggle("erring", Boolean(error));
  element.title = error ? `${fileOf(id)}: ${error}` : fileOf(id);
  caption.replaceChildren(
    h("span", { class: "given" }, stars, value === -1 && icon("reject"), pick && icon("pick")),
    h("span", { class: "name" }, store.photos.name[id]),
    h("span", { class: "says" }, score),
  );
}

function arrangeNow() {
  if (!visible || !store.state.n) return;
  says = (store.scores && SORTS[how.sort].says?.(store.scores)) || null;
  const ids = arrange(how);
  grid.show(ids);
  $("shown").textContent = ids.length === store.state.n ? "" : `${count(ids.length)} shown`;
  drawActions();
}

function drawActions() {
  const some = chosen.size;
  $("select-all").textContent = some ? "Select none" : "Select all";
  $("copy").textContent = some ? `Copy ${count(some)} …` : "Copy best …";
  $("write-stars").textContent = some ? `Stars of ${count(some)} …` : "Stars …";
}

function choose(at, range) {
  const id = grid.ids[at];
  if (range) {
    const [from, to] = [Math.min(anchor, at), Math.max(anchor, at)];
    for (const each of grid.ids.slice(from, to + 1)) chosen.add(each);
  } else if (!chosen.delete(id)) {
    chosen.add(id);
  }
  anchor = at;
  grid.focus = at;
  grid.refill();
  drawActions();
}

function chooseAll() {
  if (chosen.size) chosen.clear();
  else for (const id of grid.ids) chosen.add(id);
  grid.refill();
  drawActions();
}

const open = (id) => document.dispatchEvent(new CustomEvent("open", { detail: id }));

function clicked(event) {
  const at = grid.placeOf(event);
  if (at < 0) return;
  const choosing = event.target.closest(".tick-box") || event.ctrlKey || event.metaKey;
  if (choosing || event.shiftKey) choose(at, event.shiftKey);
  else open(grid.ids[at]);
}

// true where the key meant something here.
export function key(event) {
  if (document.activeElement !== $("grid")) return false;
  const page = Math.floor($("scroller").clientHeight / grid.row) * grid.columns;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns };
  Object.assign(steps, { PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity });
  if (event.key in steps) grid.moveTo(grid.focus + steps[event.key]);
  else if (event.key === " ") choose(grid.focus, event.shiftKey);
  else if (event.key === "Enter" && grid.focused != null) open(grid.focused);
  else if (event.key === "Escape" && chosen.size) chooseAll();
  else return false;
  return true;
}

// A rating of the tile that has the focus; it stays where it is until the order is asked for again.
export function rate(body, words) {
  if (grid.focused != null) submit(grid.focused, body, words, "library");
}

export const focused = () => grid.focused;

function drawChoices() {
  const entries = Object.entries(SORTS);
  $("sort").replaceChildren(...entries.map(([value, { label }]) => h("option", { value }, label)));
  const named = folders().map((value) => h("option", { value }, value || "top folder"));
  $("folder").replaceChildren(h("option", { value: "*" }, "all"), ...named);
  $("folder").parentNode.hidden = named.length < 2;
}

async function entered() {
  arrangeNow();
  if (store.state.n && store.scores?.refit !== store.refit) await loadScores();
}

export function start() {
  grid = new Grid($("scroller"), $("grid"), fill);
  how.scores = settings.get("scores", false);
  $("show-scores").checked = how.scores;
  drawChoices();
  const changes = {
    sort: (element) => (how.sort = element.value),
    filter: (element) => (how.filter = element.value),
    folder: (element) => (how.folder = element.value === "*" ? null : element.value),
    "show-scores": (element) => settings.set("scores", (how.scores = element.checked)),
  };
  for (const [id, change] of Object.entries(changes)) {
    $(id).addEventListener("change", () => {
      change($(id));
      $("scroller").scrollTop = 0;
      arrangeNow();
    });
  }
  $("grid").addEventListener("click", clicked);
  $("select-all").addEventListener("click", chooseAll);
  $("copy").addEventListener("click", () => copyBest([...chosen]));
  $("write-stars").addEventListener("click", () => writeStars([...chosen]));
  $("export").addEventListener("click", exportAll);
  on("view", (name) => {
    visible = name === "library";
    if (visible) entered();
  });
  on("refit", () => visible && entered());
  on("scores", arrangeNow);
  on("ratings", (ids) => visible && (ids === null ? arrangeNow() : grid.refill(ids)));
}
