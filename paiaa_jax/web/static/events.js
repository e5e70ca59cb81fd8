// The server's events: another tab's rating, a refit, photographs scored.

import { get } from "./api.js";
import { outbox } from "./outbox.js";
import { on, refresh, store, tell } from "./store.js";

const AGAIN = 1500; // ms before a closed connection is opened again
let heard = 0; // the newest revision that the server spoke of
let refreshing = false;

export function listen() {
  const source = new EventSource("/api/events");
  source.addEventListener("open", () => tell("connected", true));
  source.addEventListener("change", (event) => change(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    tell("connected", false);
    if (source.readyState === EventSource.CLOSED) setTimeout(reopen, AGAIN);
  });
}

// A server that was started again may be another one: its own answer says why it is refused.
async function reopen() {
  try {
    await get("/api/state");
  } catch (error) {
    if (error.status === 401) tell("ended");
  }
  listen();
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
