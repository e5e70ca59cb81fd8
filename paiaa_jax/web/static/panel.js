// Beside the photograph: is it worth it, what is best now, and what your taste is made of.

import { get, Refused } from "./api.js";
import * as best from "./best.js";
import { curve } from "./curve.js";
import { $, h, plural, thumb } from "./dom.js";
import { bars } from "./parts.js";
import { current } from "./rate.js";
import { fileOf, isRated, on, store } from "./store.js";

let explained = null; // "id refit" of what is shown

// The sentence is the verdict, which is shown large, and its reason in brackets.
const reason = (sentence) => /\((.*)\)/s.exec(sentence)?.[1] ?? sentence;

function drawVerdict({ verdict, sentence, curve: points, judged_at: ticks, ratings, next }) {
  const tick = verdict === "yes" ? h("span", { class: "glyph", "aria-hidden": "true" }, "✓") : "";
  $("verdict").replaceChildren(tick, h("strong", {}, verdict));
  const why = reason(sentence);
  $("sentence").textContent = `${why[0].toUpperCase()}${why.slice(1)}.`;
  $("curve").replaceChildren(...curve(points, ticks));
  const from = points.at(-1)?.ratings ?? 0;
  const words = `${ratings} of the ${next} ratings at which it is judged next`;
  const meter = h("progress", { max: next - from, value: ratings - from, "aria-label": words });
  $("progress").replaceChildren(meter, h("p", { class: "quiet small" }, words));
}

function pictures(title, ids) {
  if (!ids.length) return [];
  const shown = ids.map((id) =>
    h("img", { src: thumb(id, 160), alt: fileOf(id), loading: "lazy" }),
  );
  return [h("h3", {}, title), h("div", { class: "pictures" }, shown)];
}

function drawTaste({ outputs, likes, dislikes }) {
  $("taste").hidden = !outputs.length && !likes.length && !dislikes.length;
  $("outputs").replaceChildren(bars(outputs.map(({ name, weight }) => [name, weight])));
  $("likes").replaceChildren(
    ...pictures("You like what is like these", likes),
    ...pictures("and less what is like these", dislikes),
  );
}

const note = (words) => h("p", { class: "quiet small" }, words);

// Blind: nothing is asked for before the photograph has a rating.
async function explain() {
  const id = current();
  const box = $("explain");
  if (id == null || !isRated(id)) {
    explained = null;
    box.replaceChildren(note("Its scores are shown once you have rated it."));
    return;
  }
  if (!best.isPersonal()) {
    explained = null;
    box.replaceChildren(note("There are too few ratings yet for a score of your own."));
    return;
  }
  const turn = `${id} ${store.refit}`;
  if (explained === turn) return;
  explained = turn;
  try {
    const sum = await get(`/api/explain/${id}`);
    if (explained === turn) box.replaceChildren(...drawSum(sum));
  } catch (error) {
    if (explained === turn && error instanceof Refused) {
      box.replaceChildren(note(error.message));
    }
  }
}

function drawSum({ generic, parts, level, personal, taste }) {
  const steps = parts.map(({ name, value }) => [name, value]);
  const pulls = taste.map(({ id, value }) =>
    h(
      "figure",
      {},
      h("img", { src: thumb(id, 160), alt: fileOf(id) }),
      h("figcaption", {}, `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`),
    ),
  );
  return [
    h(
      "p",
      { class: "sum" },
      h("span", {}, h("b", {}, personal.toFixed(2)), " your score"),
      h("span", { class: "quiet" }, h("b", {}, generic.toFixed(2)), " general score"),
    ),
    bars([...steps, ["how kindly you rate", level]]),
    ...(pulls.length ? [h("h3", {}, "Pulled most by these that you rated")] : []),
    h("div", { class: "pictures pulls" }, pulls),
  ];
}

async function refitted() {
  const [taste] = await Promise.allSettled([get("/api/taste"), best.load()]);
  if (taste.status === "fulfilled") {
    drawVerdict(taste.value);
    drawTaste(taste.value);
  }
  await explain(); // what was not answered comes with the next refit
}

function drawCounts() {
  const { n, counts } = store.state;
  const rated = counts.rated + counts.rejected;
  $("counts").textContent = ` ${rated.toLocaleString("en")} of ${plural(n, "photograph")} rated`;
}

export function start() {
  on("refit", refitted);
  on("ready", () => !store.refit && refitted());
  on("shown", explain);
  on("ratings", () => {
    drawCounts();
    explain();
  });
  drawCounts();
}
