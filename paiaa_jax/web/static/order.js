// Which photographs the library shows, and in what order.

import { ratingOf, store } from "./store.js";

const fixed = (digits, values) => (id) => values?.[id]?.toFixed(digits) ?? "";

// name -> label, the column to sort by (highest first) and what a tile says of it
export const SORTS = {
  folder: { label: "folder’s order" },
  personal: { label: "your score", column: (s) => s.personal, says: (s) => fixed(2, s.personal) },
  generic: { label: "general score", column: (s) => s.generic, says: (s) => fixed(2, s.generic) },
  percentile: {
    label: "percentile",
    column: (s) => s.percentile ?? s.generic_percentile,
    says: (s) => (id) => {
      const value = (s.percentile ?? s.generic_percentile)?.[id];
      return value == null ? "" : `${Math.round(value)} %`;
    },
  },
  stars: {
    label: "stars",
    column: (s) => s.stars,
    says: (s) => (id) => (s.stars?.[id] ? `${s.stars[id]} ★` : ""),
  },
  burst: { label: "burst", column: (s) => s.personal ?? s.generic },
};

const FILTERS = {
  all: () => true,
  unrated: (id) => ratingOf(id).value == null,
  rated: (id) => ratingOf(id).value > 0,
  picked: (id) => ratingOf(id).pick,
  rejected: (id) => ratingOf(id).value === -1,
};

const higher = (values) => (a, b) => (values[b] ?? -Infinity) - (values[a] ?? -Infinity) || a - b;

// Numbers of the photographs shown, in order. By stars, a given rating counts before a foreseen one.
export function arrange({ sort, filter, folder }) {
  const { n } = store.state;
  const ids = [];
  for (let id = 0; id < n; id++) {
    if ((folder === null || store.photos.folder[id] === folder) && FILTERS[filter](id))
      ids.push(id);
  }
  const values = (store.scores && SORTS[sort].column?.(store.scores)) || [];
  if (sort === "stars") {
    const given = ids.length ? store.photos.rating : [];
    const stars = Array.from({ length: n }, (_, id) => given[id] ?? values[id]);
    return ids.sort(higher(stars));
  }
  if (sort === "burst") return byBurst(ids, values);
  return sort === "folder" ? ids : ids.sort(higher(values));
}

// Takes side by side, the best of each burst first; bursts as they lie in the folder.
function byBurst(ids, values) {
  const first = new Map();
  const burst = (id) => store.photos.burst[id] ?? `alone ${id}`;
  for (const id of ids) if (!first.has(burst(id))) first.set(burst(id), id);
  const best = higher(values);
  return ids.sort((a, b) => first.get(burst(a)) - first.get(burst(b)) || best(a, b));
}

export const folders = () => [...new Set(store.photos.folder)].sort();
