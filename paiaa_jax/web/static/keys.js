// All keys, as the help shows them; main.js says what each does.

export const KEYS = [
  [["1", "…", "5"], "stars, on the number pad too"],
  [["0"], "clears the rating"],
  [["X"], "rejects"],
  [["P"], "picks, or no longer"],
  [["U"], "undoes the last action and shows that photograph again"],
  [["→", "Space"], "the next photograph"],
  [["←"], "the photograph before"],
  [["N"], "the next without a rating"],
  [["A"], "goes on by itself after a rating, or not"],
  [["Z"], "100 % or fit"],
  [["H"], "histogram"],
  [["I"], "camera and exposure"],
  [["C"], "compare; there 1 … 4 say ‘this one’, N neither"],
  [["L"], "library; there arrows move, Space selects, Enter opens"],
  [["R"], "back to rating"],
  [["?"], "all keys"],
];

// What a key says, wherever it is pressed; null with Ctrl, Alt or Meta, which are the browser's.
export function said(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const pad = /^Numpad(\d)$/.exec(event.code);
  if (pad) return pad[1];
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
