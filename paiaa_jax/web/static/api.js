// What the server answers: JSON, or an error of one sentence.

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

export class Unreached extends Error {
  constructor() {
    super("the server cannot be reached");
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Unreached();
  }
  if (response.ok) return response.json();
  let words = `the server answered ${response.status}`;
  try {
    words = (await response.json()).error ?? words;
  } catch {
    // not JSON: the number says it
  }
  throw new Refused(response.status, words);
}

export const get = (path) => ask(path, { cache: "no-store" });

export const post = (path, body) =>
  ask(path, {
    method: "POST",
    priority: "high",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
