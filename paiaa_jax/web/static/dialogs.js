// Copies, stars and exports. What would be written is shown before anything is.

import { post } from "./api.js";
import { isPersonal } from "./best.js";
import { $, count, h, plural, say } from "./dom.js";
import { KEYS } from "./keys.js";
import { store } from "./store.js";

const ROWS = 200; // of a long list that are shown
const MOST = 10_000; // copies at once

function show(dialog, title, ...content) {
  const close = h("button", { class: "plain", onclick: () => dialog.close() }, "Close");
  const heading = h("h2", { id: `${dialog.id}-title` }, title);
  dialog.replaceChildren(h("header", {}, heading, close), ...content);
  if (!dialog.open) dialog.showModal();
}

function table(names, rows) {
  const cells = (row) => row.map((text) => h("td", {}, text));
  const more = rows.length - ROWS;
  return h(
    "div",
    { class: "rows", tabindex: "0", role: "region", "aria-label": "What would be written" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          names.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.slice(0, ROWS).map((row) => h("tr", {}, cells(row))),
      ),
    ),
    more > 0 && h("p", { class: "quiet small" }, `and ${count(more)} more`),
  );
}

// Asks with write: false, shows the rows, and writes when the button is pressed.
async function dryRun(box, path, body, { names, row, words, done }) {
  const turn = (box.turn = Symbol());
  try {
    const { rows } = await post(path, { ...body, write: false });
    if (box.turn !== turn) return; // asked again meanwhile
    const write = h("button", { class: "main", disabled: !rows.length }, words(rows));
    write.addEventListener("click", async () => {
      write.disabled = true;
      await told(box, async () => {
        const answer = await post(path, { ...body, write: true });
        box.replaceChildren(h("p", {}, done(answer.rows)), table(names, answer.rows.map(row)));
        say(done(answer.rows));
      });
    });
    box.replaceChildren(table(names, rows.map(row)), h("p", { class: "write" }, write));
  } catch (error) {
    box.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
  }
}

async function told(box, work) {
  try {
    await work();
  } catch (error) {
    box.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
  }
}

const folder = (rows) => rows[0]?.to.split("/").slice(0, -1).join("/");

export function copyBest(ids) {
  const box = h("div", {});
  const most = Math.min(store.state.n, MOST);
  const number = h("input", {
    type: "number",
    min: 1,
    max: most,
    value: Math.min(20, most),
    id: "how-many",
  });
  const by = h(
    "select",
    { id: "by" },
    h("option", { value: "personal", disabled: !isPersonal() }, "your score"),
    h("option", { value: "generic" }, "general score"),
  );
  by.value = isPersonal() ? "personal" : "generic";
  const look = () => {
    const body = { ids: ids.length ? ids : null, count: ids.length || number.valueAsNumber || 1 };
    dryRun(
      box,
      "/api/copy",
      { ...body, by: by.value },
      {
        names: ["photograph", "copy"],
        row: (row) => [row.name, row.to.split("/").at(-1)],
        words: (rows) => `Copy ${plural(rows.length, "photograph")}`,
        done: (rows) => `${plural(rows.length, "photograph")} copied into ${folder(rows)}.`,
      },
    );
  };
  number.addEventListener("input", look); // not when it is left: the button would go as one clicks
  by.addEventListener("change", look);
  const where = `Copies go to ${store.state.copy_to}, numbered; nothing there is overwritten.`;
  const choice = ids.length
    ? h("p", {}, `${plural(ids.length, "photograph")} selected.`)
    : h("p", { class: "choices" }, h("label", {}, "The best ", number), h("label", {}, "by ", by));
  show($("dialog"), "Copy the best", choice, h("p", { class: "quiet small" }, where), box);
  look();
}

export function writeStars(ids) {
  const box = h("div", {});
  const words =
    "Stars go to an XMP sidecar beside each photograph, as Lightroom, darktable and digiKam read " +
    "them. A rating that a person gave is left alone, and no photograph is changed.";
  show($("dialog"), "Write stars", h("p", { class: "quiet small" }, words), box);
  dryRun(
    box,
    "/api/stars",
    { ids: ids.length ? ids : null },
    {
      names: ["photograph", "stars", "what would be done"],
      row: (row) => [row.name, row.stars == null ? "" : String(row.stars), row.what],
      words: () => "Write these stars",
      done: (rows) => {
        const written = rows.filter((row) => row.what === "written").length;
        return `${plural(written, "sidecar")} written, ${count(rows.length - written)} left alone.`;
      },
    },
  );
}

export function exportAll() {
  const link = (path, name, words) =>
    h(
      "li",
      {},
      h("a", { href: path, download: "" }, name),
      h("span", { class: "quiet" }, ` ${words}`),
    );
  show(
    $("dialog"),
    "Export",
    h(
      "ul",
      { class: "exports" },
      link("/api/export/ratings.csv", "ratings.csv", "your ratings, a line each"),
      link("/api/export/profile.json", "profile.json", "your taste, for paiaa rank --profile"),
      link("/api/export/session", "session", "everything, to go on from elsewhere"),
    ),
  );
}

export function showKeys() {
  const rows = KEYS.map(([keys, words]) =>
    h(
      "div",
      {},
      h(
        "dt",
        {},
        keys.map((key) => h("kbd", {}, key)),
      ),
      h("dd", {}, words),
    ),
  );
  show($("keys"), "Keys", h("dl", { class: "keys" }, rows));
}
