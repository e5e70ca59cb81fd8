// Actions on their way to the server, one after the other, each with its own key.
//
// One that gets no answer is sent again with the same key, which the server stores once. They lie
// in the tab's storage until they are answered, so a reload sends what was left.

import { post, Refused } from "./api.js";
import { say } from "./dom.js";
import { refresh, store, tell } from "./store.js";

const KEPT = "paiaa-outbox";
const FIRST_WAIT = 400; // ms before a second try, doubled up to the longest
const LONGEST_WAIT = 3000;

const items = []; // {path, body, names, words}
let running = false;
let failing = null; // why the first of them is not saved yet

export const outbox = {
  get length() {
    return items.length;
  },
  get failing() {
    return failing;
  },
};

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(items));
  } catch {
    // no storage: a reload then loses what was not answered
  }
}

function overlay() {
  store.waiting.clear();
  for (const { path, body } of items) {
    if (path !== "/api/rate") continue;
    const before = store.waiting.get(body.id);
    store.waiting.set(body.id, {
      value: body.value ?? before?.value,
      pick: body.pick ?? before?.pick,
    });
  }
}

const idsOf = ({ id, ids }) => ids ?? (id == null ? [] : [id]);
const namesOf = (ids) => ids.map((id) => store.photos.name[id]);

// Not randomUUID: a page of plain HTTP from another machine has none.
const fresh = () =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

// Puts an action at the end; resolves with the server's answer once it is on disk.
export function send(path, body, words) {
  const item = { path, body: { ...body, key: fresh() }, words };
  item.names = namesOf(idsOf(body));
  const answered = new Promise((resolve, reject) => {
    Object.defineProperty(item, "settle", { value: { resolve, reject }, enumerable: false });
  });
  answered.catch(() => {}); // told by "refused"; who waits hears it too
  items.push(item);
  changed(idsOf(body));
  run();
  return answered;
}

function changed(ids) {
  keep();
  overlay();
  tell("outbox");
  tell("ratings", ids);
}

// After a reload: what the tab had not seen answered, where it still means the same photographs.
export function restore() {
  let kept = [];
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    // unreadable: nothing to send
  }
  for (const item of kept) {
    if (namesOf(idsOf(item.body)).join("/") === item.names.join("/")) items.push(item);
  }
  changed([]);
  run();
}

async function run() {
  if (running) return;
  running = true;
  let wait = FIRST_WAIT;
  while (items.length) {
    const item = items[0];
    try {
      done(item, await post(item.path, item.body));
      wait = FIRST_WAIT;
    } catch (error) {
      if (isFinal(error)) {
        refused(item, error);
        continue;
      }
      failed(error, item);
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(2 * wait, LONGEST_WAIT);
    }
  }
  running = false;
  tell("idle");
}

// Only what the server understood and will not take; the rest may be taken later.
const isFinal = (error) =>
  error instanceof Refused &&
  error.status >= 400 &&
  error.status < 500 &&
  ![401, 403, 408, 429].includes(error.status);

function failed(error, item) {
  const words =
    error instanceof Refused && [401, 403].includes(error.status)
      ? "this page’s server has ended; open the address that paiaa rate printed"
      : error.message;
  if (failing !== words) say(`Not saved yet: ${item.words}`);
  failing = words;
  tell("outbox");
}

function refused(item, error) {
  items.shift();
  failing = null;
  changed(idsOf(item.body));
  tell("refused", `${item.words}: not saved, ${error.message}`);
  item.settle?.reject(error);
}

function done(item, answer) {
  items.shift();
  const others = answer.revision > store.revision + 1; // another tab's came between
  const ids = answer.ids ?? idsOf(item.body); // files of the same content share a rating
  if (answer.revision > store.revision) apply(item, ids);
  store.revision = Math.max(store.revision, answer.revision);
  if (answer.counts) store.state.counts = answer.counts;
  failing = null;
  changed(ids);
  item.settle?.resolve(answer);
  if (others || item.path === "/api/undo") refresh();
}

function apply({ path, body }, ids) {
  if (path !== "/api/rate") return;
  const { rating, pick } = store.photos;
  for (const id of ids) {
    if (body.value != null) rating[id] = body.value || null;
    if (body.pick != null) pick[id] = body.pick;
  }
}
