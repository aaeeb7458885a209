// The stage: two panes that show the same place at the same zoom, and the divider between them.

const LARGEST_ZOOM = 16;
const DIVIDER_REACH = 22;

const stage = document.getElementById('stage');
const divider = document.getElementById('divider');
const panes = ['pane-left', 'pane-right'].map((id) => document.getElementById(id));
const canvases = panes.map((pane) => pane.querySelector('canvas'));
const shownWidth = film.width * film.sampleAspect;

// zoom: screen pixels per pixel of a picture, null to fit. x and y: the part of the picture, from 0
// to 1, that is in the middle of a pane.
const view = { zoom: null, x: 0.5, y: 0.5, split: 0.5 };

function paneSize() {
  return { width: panes[0].clientWidth, height: panes[0].clientHeight };
}

/** CSS pixels per pixel of a picture. */
function scaleNow() {
  if (view.zoom !== null) return view.zoom / devicePixelRatio;
  const { width, height } = paneSize();
  return Math.min(width / shownWidth, height / film.height);
}

function layOut() {
  const scale = scaleNow();
  const pane = paneSize();
  const size = { width: shownWidth * scale, height: film.height * scale };
  view.x = held(view.x, size.width, pane.width);
  view.y = held(view.y, size.height, pane.height);
  for (const canvas of canvases) {
    canvas.style.width = `${size.width}px`;
    canvas.style.height = `${size.height}px`;
    const left = pane.width / 2 - view.x * size.width;
    const top = pane.height / 2 - view.y * size.height;
    canvas.style.transform = `translate(${left}px, ${top}px)`;
    // From twice on, single pixels are what one wants to see.
    canvas.style.imageRendering = scale * devicePixelRatio >= 2 ? 'pixelated' : 'auto';
  }
  const percent = Math.round(scale * devicePixelRatio * 100);
  document.getElementById('zoom-value').textContent = `${percent}%`;
  stage.style.cursor = isLarger() ? 'grab' : '';
}

/** Keep a picture from leaving its pane; a smaller one stays in the middle. */
function held(place, size, pane) {
  if (size <= pane) return 0.5;
  const margin = pane / 2 / size;
  return Math.min(1 - margin, Math.max(margin, place));
}

function isLarger() {
  const { width, height } = paneSize();
  const scale = scaleNow();
  return shownWidth * scale > width + 1 || film.height * scale > height + 1;
}

/** Zoom so that what is under a point of the stage stays there; null fits. */
function zoomTo(zoom, point) {
  const before = scaleNow();
  const { width, height } = paneSize();
  const from = point ? inPane(point) : { x: width / 2, y: height / 2 };
  view.zoom = zoom === null ? null : Math.min(LARGEST_ZOOM, Math.max(0.05, zoom));
  const after = scaleNow();
  const slide = (from_, extent, size) => ((from_ - extent / 2) / size) * (1 / before - 1 / after);
  view.x += slide(from.x, width, shownWidth);
  view.y += slide(from.y, height, film.height);
  layOut();
}

function zoomBy(factor, point) {
  zoomTo(scaleNow() * devicePixelRatio * factor, point);
}

function inPane({ clientX, clientY }) {
  const box = stage.getBoundingClientRect();
  const { width, height } = paneSize();
  // In the second pane the same place counts as in the first.
  return { x: (clientX - box.left) % (width + 2), y: (clientY - box.top) % (height + 2) };
}

function panBy(across, down) {
  const scale = scaleNow();
  view.x -= across / (shownWidth * scale);
  view.y -= down / (film.height * scale);
  layOut();
}

function splitAt(part) {
  view.split = Math.min(1, Math.max(0, part));
  const percent = Math.round(view.split * 100);
  stage.style.setProperty('--split', `${view.split * 100}%`);
  divider.setAttribute('aria-valuenow', percent);
  divider.setAttribute('aria-valuetext', `${percent}% left, ${100 - percent}% right`);
}

// What the pointers do: one moves the divider or the picture, two zoom.
const pointers = new Map();
let movesDivider = false;

stage.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  stage.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  const box = stage.getBoundingClientRect();
  const away = Math.abs(event.clientX - box.left - view.split * box.width);
  movesDivider = stage.dataset.mode === 'slider' && (away <= DIVIDER_REACH || !isLarger());
  if (movesDivider && pointers.size === 1) splitAt((event.clientX - box.left) / box.width);
});

stage.addEventListener('pointermove', (event) => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  if (pointers.size === 2) {
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = {
      clientX: (event.clientX + other.clientX) / 2,
      clientY: (event.clientY + other.clientY) / 2,
    };
    zoomBy(apart(event) / Math.max(1, apart(last)), middle);
    panBy((event.clientX - last.clientX) / 2, (event.clientY - last.clientY) / 2);
  } else if (movesDivider) {
    const box = stage.getBoundingClientRect();
    splitAt((event.clientX - box.left) / box.width);
  } else {
    panBy(event.clientX - last.clientX, event.clientY - last.clientY);
  }
  pointers.set(event.pointerId, event);
});

for (const kind of ['pointerup', 'pointercancel']) {
  stage.addEventListener(kind, (event) => pointers.delete(event.pointerId));
}

stage.addEventListener('wheel', (event) => {
  event.preventDefault();
  zoomBy(2 ** (-event.deltaY / (event.deltaMode ? 6 : 240)), event);
}, { passive: false });

divider.addEventListener('keydown', (event) => {
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  const ends = { Home: 0, End: 1 };
  if (event.key in steps) splitAt(view.split + steps[event.key] / 100);
  else if (event.key in ends) splitAt(ends[event.key]);
  else return;
  event.preventDefault();
  event.stopPropagation();
});

new ResizeObserver(layOut).observe(stage);
