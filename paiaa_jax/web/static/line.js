// The photographs of this sitting, in the order shown: those seen, the one before you, those next.

import { get, Refused, Unreached } from "./api.js";
import { isRated, on, ratingOf, store, tell } from "./store.js";

const BATCH = 10; // asked for at a time
const AHEAD = 6; // fewer than these left: the next batch is asked for
const MOST = 200; // what one answer may hold

export const line = {
  entries: [], // {id, order: how it came to be shown}
  at: -1,
  order: "suggest",
  told: "suggest", // what the server took, where it could not take the order asked for
  done: false, // nothing is left to rate in this order
  get entry() {
    return this.entries[this.at];
  },
};

let asking = null;

// What one disagreed with was rated before, so there an earlier showing does not count.
const holds = (id, order) =>
  line.entries.some((entry) => entry.id === id && (order !== "disagreed" || entry.order === order));

// Asks for more; one question at a time.
function more() {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

// What the server chose may all be held here already, on their way to it: then any others will do.
async function ask() {
  const asked = line.order;
  try {
    let found = await fresh(asked);
    if (!found.length && ["suggest", "unsure"].includes(asked)) found = await fresh("random");
    if (asked !== line.order) return;
    line.entries.push(...found);
    line.told = found[0]?.order ?? asked;
    line.done = found.length === 0;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unreached)) throw error;
    // the next step asks again
  }
}

// A batch of entries that are not held; those that the server does not know as rated count too.
async function fresh(asked) {
  const open = line.entries.filter(({ id }) => !isRated(id) || !ratingOf(id).saved).length;
  const query = new URLSearchParams({ order: asked, count: Math.min(MOST, BATCH + open) });
  if (asked === "folder" && line.entry) query.set("after", line.entries.at(-1).id);
  const { ids, order } = await get(`/api/next?${query}`);
  const others = ids.filter((id) => !holds(id, asked)).slice(0, BATCH);
  return others.map((id) => ({ id, order }));
}

export async function begin(order) {
  line.order = order;
  const { position } = store.state;
  const before = position !== null && isRated(position);
  if (before) line.entries.push({ id: position, order });
  await more();
  if (!go(before ? 1 : 0) && !go(0) && line.done) tell("finished");
}

// What stood in for an order, as nothing was scored, gives way to it but for the very next one.
on("refit", async () => {
  if (line.told === line.order || line.at < 0) return;
  line.entries.length = Math.min(line.entries.length, line.at + 2);
  await more();
  tell("line");
});

export function go(at) {
  if (at < 0 || at >= line.entries.length) return false;
  line.at = at;
  tell("shown");
  if (line.entries.length - at <= AHEAD && !line.done) more().then(() => tell("line"));
  return true;
}

export const back = () => go(line.at - 1);

export async function forth() {
  if (go(line.at + 1)) return;
  await more();
  if (!go(line.at + 1) && line.done) tell("finished");
}

// The next photograph without a rating; what is skipped stays where it is.
export async function unrated() {
  for (let asked = false; ; asked = true) {
    const at = line.entries.findIndex(({ id }, i) => i > line.at && !isRated(id));
    if (at >= 0) return go(at);
    if (asked) return line.done && tell("finished");
    await more();
  }
}

// Shows one photograph now: from the library, or after an undo.
export function open(id, order) {
  const at = line.entries.findIndex((entry) => entry.id === id);
  if (at >= 0) return go(at);
  line.entries.splice(line.at + 1, 0, { id, order });
  return go(line.at + 1);
}

export async function reorder(order) {
  line.order = order;
  line.done = false;
  line.entries.length = line.at + 1;
  await asking;
  await more();
  tell("line");
}
