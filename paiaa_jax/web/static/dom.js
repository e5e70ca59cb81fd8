// Elements made by the DOM: the page has no inline script or style, so text can never be markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export const h = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

export const s = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

export const icon = (name) =>
  s("svg", { class: "icon", "aria-hidden": "true" }, s("use", { href: `#i-${name}` }));

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const count = (n) => n.toLocaleString("en");

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export const thumb = (id, size) => `/api/thumb/${id}?size=${size}`;

// Says it to a screen reader; the same words twice are said twice.
export function say(words) {
  const status = $("status");
  status.textContent = status.textContent === words ? `${words}\u00a0` : words;
}

// Settings outlive a reload; a browser that keeps nothing forgets them.
export const settings = {
  get(name, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`paiaa-${name}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`paiaa-${name}`, JSON.stringify(value));
    } catch {
      // private windows may refuse; the setting then lasts as long as the page
    }
  },
};
