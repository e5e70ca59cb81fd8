// What the page knows, and who wants to hear of a change.
//
// `photos.rating` and `photos.pick` hold what the server has on disk; what is on its way lies over
// them in `waiting`, so that nothing is shown as saved before it is.

import { get } from "./api.js";

export const store = {
  state: null, // GET /api/state
  photos: null, // GET /api/photos, columns
  scores: null, // GET /api/scores, only once a view may show them
  revision: 0,
  refit: -1,
  waiting: new Map(), // id -> {value, pick}, each where it was said
};

const hub = new EventTarget();

export const tell = (name, detail) => hub.dispatchEvent(new CustomEvent(name, { detail }));

export const on = (name, heard) => hub.addEventListener(name, (event) => heard(event.detail));

export async function load() {
  [store.state, store.photos] = await Promise.all([get("/api/state"), get("/api/photos")]);
  store.revision = store.state.revision;
  tell("ratings", null);
}

// The ratings again, after another tab or an undo: the last one wins. The columns are asked for
// after the state, so they are at least as new as its revision.
export async function refresh() {
  let state, photos;
  do {
    state = await get("/api/state");
    photos = await get("/api/photos");
  } while (state.revision < store.revision); // own ones were answered meanwhile
  Object.assign(store, { state, photos, revision: state.revision });
  tell("ratings", null);
}

export async function loadScores() {
  store.scores = await get("/api/scores");
  tell("scores");
}

// {value: null | -1 | 1..5, pick, saved} of a photograph, as the page shows it.
export function ratingOf(id) {
  const { rating, pick } = store.photos;
  const coming = store.waiting.get(id);
  if (!coming) return { value: rating[id], pick: pick[id], saved: true };
  return {
    value: coming.value == null ? rating[id] : coming.value || null,
    pick: coming.pick ?? pick[id],
    saved: false,
  };
}

export const isRated = (id) => ratingOf(id).value != null;

export const fileOf = (id) => {
  const { name, folder } = store.photos;
  return folder[id] && folder[id] !== "." ? `${folder[id]}/${name[id]}` : name[id];
};

const STARS = ["", "1 star", "2 stars", "3 stars", "4 stars", "5 stars"];

export function inWords(id) {
  const { value, pick, saved } = ratingOf(id);
  const words = value === -1 ? "rejected" : value ? STARS[value] : "not rated";
  return `${words}${pick ? ", picked" : ""}${saved ? "" : ", not saved yet"}`;
}
