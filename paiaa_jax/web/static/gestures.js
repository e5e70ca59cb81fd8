// Mouse, pen and touch on a photograph: click or double tap to zoom, drag to move, pinch, swipe.

const STILL = 6; // px that a click may move
const SWIPE = 50; // px that a swipe must move
const TAPS = 320; // ms between the taps of a double tap

export function gestures(photo) {
  const { box, view } = photo;
  const held = new Map(); // pointer -> {x, y}
  let start = null; // where the first pointer went down
  let apart = 0; // px between two pointers
  let tapped = -Infinity;

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    box.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (held.size === 1) start = { x: event.clientX, y: event.clientY, moved: 0 };
    apart = distance();
  });

  box.addEventListener("pointermove", (event) => {
    const from = held.get(event.pointerId);
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    start.moved += Math.hypot(dx, dy);
    if (held.size === 2) pinch();
    else if (view.zoomed) move(dx, dy);
  });

  box.addEventListener("pointerup", (event) => {
    if (!held.delete(event.pointerId) || held.size) return;
    if (start.moved < STILL) tap(event);
    else if (event.pointerType !== "mouse" && !view.zoomed) swipe(event);
  });

  box.addEventListener("pointercancel", (event) => held.delete(event.pointerId));

  box.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !view.zoomed) return;
      event.preventDefault();
      if (event.ctrlKey) zoomBy(Math.exp(-event.deltaY / 100), event.clientX, event.clientY);
      else move(-event.deltaX, -event.deltaY);
    },
    { passive: false },
  );

  function distance() {
    if (held.size !== 2) return 0;
    const [a, b] = held.values();
    return Math.hypot(a.x - b.x, a.y - b.y);
  }

  function pinch() {
    const now = distance();
    const [a, b] = held.values();
    if (apart) zoomBy(now / apart, (a.x + b.x) / 2, (a.y + b.y) / 2);
    apart = now;
  }

  // The point under the fingers stays under them.
  function zoomBy(factor, clientX, clientY) {
    const scale = photo.scale * factor;
    const [x, y] = photo.under(clientX, clientY);
    const { left, top, width, height } = box.getBoundingClientRect();
    const [w, tall] = photo.size.map((side) => side * scale);
    if (w <= width && tall <= height && factor < 1) return view.fit();
    const dx = (clientX - left - width / 2) / w;
    const dy = (clientY - top - height / 2) / tall;
    view.look(scale * devicePixelRatio, x - dx, y - dy);
  }

  function move(dx, dy) {
    const [width, height] = photo.size.map((side) => side * photo.scale);
    const [x, y] = photo.middle();
    view.look(view.scale, x - dx / width, y - dy / height);
  }

  function tap(event) {
    const twice = event.timeStamp - tapped < TAPS;
    tapped = twice ? -Infinity : event.timeStamp;
    if (event.pointerType === "mouse" || twice) {
      view.toggle(...photo.under(event.clientX, event.clientY));
    }
  }

  function swipe(event) {
    const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) photo.swipe(dx < 0 ? 1 : -1);
  }
}
