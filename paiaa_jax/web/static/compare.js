// Two or four side by side, zoomed and moved together; "this one" is an answer to learn from.

import { get } from "./api.js";
import { $, h, say, settings } from "./dom.js";
import { send } from "./outbox.js";
import { Photo } from "./photo.js";
import { fileOf, on, store } from "./store.js";
import { View } from "./view.js";

export const view = new View();

let many = settings.get("compare", 2) === 4 ? 4 : 2;
let ids = [];
let photos = [];
let turn = 0;

const label = (i) => h("span", {}, "This one ", h("kbd", {}, String(i + 1)));

export async function fresh() {
  const mine = ++turn;
  const answer = await get(`/api/compare/next?count=${many}`);
  if (mine !== turn) return;
  draw(answer);
}

function draw(answer) {
  ids = answer.ids;
  for (const photo of photos) photo.remove();
  view.fit();
  $("compare-words").textContent =
    ids.length < 2
      ? "There are too few photographs to compare yet."
      : answer.burst
        ? "Takes of one burst. Which one would you keep?"
        : "Which one do you like best?";
  const boxes = ids.map((id, i) => {
    const box = h("div", { class: "photo" });
    const choose = h(
      "button",
      { class: "choose", "aria-label": `This one: ${fileOf(id)}` },
      label(i),
    );
    choose.addEventListener("click", () => best(i));
    return { box, take: h("div", { class: "take" }, box, choose) };
  });
  $("takes").className = `takes of-${ids.length}`;
  $("takes").replaceChildren(...boxes.map(({ take }) => take));
  photos = boxes.map(({ box }) => new Photo(box, view));
  photos.forEach((photo, i) => photo.show(ids[i]));
  say(`${$("compare-words").textContent} ${ids.map(fileOf).join(", ")}`);
}

export function best(i) {
  if (i >= ids.length || ids.length < 2) return;
  const words = `${fileOf(ids[i])} is the better one`;
  const asked = ids;
  ids = []; // one answer a question
  send("/api/compare", { ids: asked, best: asked[i] }, words).then(
    () => {
      say(`${words}, saved`);
      fresh();
    },
    () => fresh(),
  );
  photos.forEach((photo, k) => photo.box.parentNode.classList.add(k === i ? "best" : "lesser"));
}

function choose(count) {
  many = count;
  settings.set("compare", count);
  drawCount();
  fresh();
}

function drawCount() {
  $("two").setAttribute("aria-pressed", many === 2);
  $("four").setAttribute("aria-pressed", many === 4);
}

export function start() {
  $("two").addEventListener("click", () => choose(2));
  $("four").addEventListener("click", () => choose(4));
  $("compare-skip").addEventListener("click", fresh);
  $("compare-zoom").addEventListener("click", () => view.toggle());
  view.onchange = (zoomed) => $("compare-zoom").setAttribute("aria-pressed", zoomed);
  on("view", (name) => name === "compare" && store.state.n && !ids.length && fresh());
  drawCount();
}
