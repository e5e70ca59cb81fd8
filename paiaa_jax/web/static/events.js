// The server's events: another tab's rating, a refit, photographs scored.
//
// A browser opens six connections to a server, and a stream holds one of them. So one tab listens
// and tells the others; when it is closed the next one does.

import { get } from "./api.js";
import { outbox } from "./outbox.js";
import { on, refresh, store, tell } from "./store.js";

const AGAIN = 1500; // ms before a closed connection is opened again
const NAME = "paiaa-events";
const tabs = new BroadcastChannel(NAME);
let heard = 0; // the newest revision that the server spoke of
let refreshing = false;

export function listen() {
  tabs.addEventListener("message", ({ data }) => take(data));
  const { locks } = navigator; // none where a page of plain HTTP is of another machine
  if (locks) locks.request(NAME, () => new Promise(stream)); // held as long as the tab is there
  else stream();
  get("/api/state").then(change, () => {}); // what was told before this tab listened
}

const take = ([name, detail]) => (name === "change" ? change(detail) : tell(name, detail));

function share(...news) {
  take(news);
  tabs.postMessage(news);
}

function stream() {
  const source = new EventSource("/api/events");
  source.addEventListener("open", () => share("connected", true));
  source.addEventListener("change", (event) => share("change", JSON.parse(event.data)));
  source.addEventListener("error", () => {
    share("connected", false);
    if (source.readyState === EventSource.CLOSED) setTimeout(reopen, AGAIN);
  });
}

// A server that was started again may be another one: its own answer says why it is refused.
async function reopen() {
  try {
    await get("/api/state");
  } catch (error) {
    if (error.status === 401) share("ended");
  }
  stream();
}

function change({ revision, refit, ready, fitting }) {
  heard = Math.max(heard, revision);
  store.state.fitting = fitting;
  if (ready !== store.state.ready) {
    store.state.ready = ready;
    tell("ready");
  }
  catchUp();
  if (refit !== store.refit) {
    store.refit = refit;
    tell("refit");
  }
}

// Own actions are known from their answers; only what goes beyond them is asked for.
async function catchUp() {
  if (refreshing || outbox.length || heard <= store.revision) return;
  refreshing = true;
  try {
    await refresh();
  } catch {
    // the next event asks again
  } finally {
    refreshing = false;
  }
}

on("idle", catchUp);
