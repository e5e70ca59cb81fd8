// The learning curve: SROCC with your ratings left out, by number of ratings. The band is where
// three times in five your score's lies, as it differs from the general one's.

import { s } from "./dom.js";

const WIDTH = 320;
const HEIGHT = 132;
const LEFT = 30;
const RIGHT = 62; // room for the names at the lines' ends
const TOP = 10;
const BOTTOM = 24;

const fixed = (value) => value.toFixed(2).replace(/^(-?)0\./, "$1.");

// curve: [{ratings, personal, generic, low, high}], `low` and `high` of personal less generic;
// null where there were too few photographs to say. Nothing where none says anything.
export function curve(judged, ticks) {
  const points = judged
    .filter(({ personal, generic }) => personal != null && generic != null)
    .map((point) => ({
      ...point,
      low: sum(point.generic, point.low),
      high: sum(point.generic, point.high),
    }));
  return points.length ? [drawing(points, ticks)] : [];
}

const sum = (generic, difference) =>
  difference == null ? null : Math.min(1, Math.max(-1, generic + difference));

function drawing(points, ticks) {
  const values = points.flatMap(({ personal, generic, low, high }) =>
    [personal, generic, low, high].filter((value) => value != null),
  );
  const bottom = Math.max(-1, Math.floor(10 * Math.min(...values) - 0.5) / 10);
  const top = Math.min(1, Math.ceil(10 * Math.max(...values) + 0.5) / 10);
  const marks = ticks.filter((tick) => tick <= Math.max(80, points.at(-1).ratings));
  const [first, last] = [Math.log(marks[0]), Math.log(marks.at(-1))];
  const x = (ratings) =>
    LEFT + ((Math.log(ratings) - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + ((top - value) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);

  const drawn = s("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": describe(points),
  });
  for (const value of [bottom, (bottom + top) / 2, top]) {
    drawn.append(
      s("line", { class: "rule", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      s(
        "text",
        { class: "tick", x: LEFT - 6, y: y(value) + 3.5, "text-anchor": "end" },
        fixed(value),
      ),
    );
  }
  for (const tick of marks) {
    const place = { x: x(tick), y: HEIGHT - 6, "text-anchor": "middle" };
    drawn.append(s("text", { class: "tick", ...place }, String(tick)));
  }
  drawn.append(...band(points, x, y), ...lines(points, x, y));
  return drawn;
}

function band(points, x, y) {
  const known = points.filter(({ low, high }) => low != null && high != null);
  if (known.length === 0) return [];
  if (known.length === 1) {
    const [{ ratings, low, high }] = known;
    return [
      s("line", { class: "whisker", x1: x(ratings), x2: x(ratings), y1: y(low), y2: y(high) }),
    ];
  }
  const there = known.map(({ ratings, high }) => `${x(ratings)} ${y(high)}`);
  const back = known.map(({ ratings, low }) => `${x(ratings)} ${y(low)}`).reverse();
  return [s("path", { class: "band", d: `M${[...there, ...back].join("L")}Z` })];
}

function lines(points, x, y) {
  const drawn = [];
  const end = points.at(-1);
  let apart = y(end.personal) - y(end.generic);
  const push = Math.abs(apart) < 13 ? (13 - Math.abs(apart)) / 2 : 0; // names do not overlap
  apart = apart > 0 ? 1 : -1;
  for (const [name, label, way] of [
    ["generic", "general", -apart],
    ["personal", "yours", apart],
  ]) {
    const places = points.map((point) => `${x(point.ratings)} ${y(point[name])}`);
    drawn.push(s("path", { class: `line ${name}`, d: `M${places.join("L")}` }));
    for (const point of points) {
      drawn.push(
        s("circle", { class: `dot ${name}`, cx: x(point.ratings), cy: y(point[name]), r: 3 }),
      );
    }
    const place = { x: x(end.ratings) + 8, y: y(end[name]) + 4 + way * push };
    drawn.push(s("text", { class: `name ${name}`, ...place }, label));
  }
  return drawn;
}

const describe = (points) =>
  `SROCC with your ratings left out: ${points
    .map(
      ({ ratings, personal, generic }) =>
        `after ${ratings} ratings your score ${fixed(personal)}, the general one ${fixed(generic)}`,
    )
    .join("; ")}.`;
