// Buttons, keys and the frame that is shown.

const control = (id) => document.getElementById(id);
const last = film.frames.length - 1;
let frame = 0;
let drawing = Promise.resolve();
let timer = null;

function tagOf(video) {
  const { label, width, height } = film.videos[video];
  const small = width !== film.width || height !== film.height;
  return `${label}, ${width}×${height}${small ? `, ${control('kernel').value}` : ''}`;
}

/** Draw the frame at hand; of several wishes in a row only the last is carried out. */
function draw() {
  const wanted = frame;
  drawing = drawing.then(async () => {
    if (wanted !== frame) return;
    const sides = [Number(control('left').value), Number(control('right').value)];
    const kernel = control('kernel').value;
    const pictures = await Promise.all(sides.map((video) => picture(video, wanted, kernel)));
    const tags = sides.map(tagOf);
    if (stage.dataset.mode === 'difference') {
      pictures[0] = difference(pictures[0], pictures[1], Number(control('gain').value));
      tags[0] = `difference of ${tags[0]} and ${tags[1]}, times ${control('gain').value}`;
    }
    canvases.forEach((canvas, side) => {
      canvas.getContext('2d').putImageData(pictures[side], 0, 0);
      canvas.setAttribute('aria-label', `frame ${wanted + 1}: ${tags[side]}`);
      panes[side].querySelector('.tag').textContent = tags[side];
    });
    stage.dataset.frame = wanted;
  }).catch((error) => {
    control('trouble').textContent = `This frame cannot be shown: ${error.message}`;
    control('trouble').hidden = false;
  });
  return drawing;
}

function show(wanted) {
  frame = Math.min(last, Math.max(0, wanted));
  control('frame').value = frame;
  const time = `frame ${frame + 1} of ${last + 1}, ${film.frames[frame].seconds.toFixed(3)} s`;
  control('frame').setAttribute('aria-valuetext', time);
  control('status').textContent = time;
  showMeasures(frame);
  return draw();
}

function setMode(wanted) {
  for (const button of control('modes').children) {
    button.setAttribute('aria-pressed', button.value === wanted);
  }
  stage.dataset.mode = wanted;
  control('gain-group').hidden = wanted !== 'difference';
  layOut();
  return draw();
}

function swap() {
  const [left, right] = [control('left'), control('right')];
  [left.value, right.value] = [right.value, left.value];
  draw();
}

function play(wanted) {
  clearTimeout(timer);
  timer = null;
  control('play').setAttribute('aria-pressed', wanted);
  control('play').setAttribute('aria-label', wanted ? 'Stop' : 'Play');
  control('play').textContent = wanted ? '■' : '▶';
  // Read out loud once it stops, not at every frame.
  control('status').setAttribute('aria-live', wanted ? 'off' : 'polite');
  const step = async () => {
    const begun = performance.now();
    await show(frame === last ? 0 : frame + 1);
    const spent = performance.now() - begun;
    if (timer !== null) timer = setTimeout(step, Math.max(0, film.secondsPerFrame * 1000 - spent));
  };
  if (wanted) timer = setTimeout(step, film.secondsPerFrame * 1000);
}

function stepBy(step) {
  play(false);
  show(frame + step);
}

const keys_ = {
  ArrowLeft: () => stepBy(-1),
  ArrowRight: () => stepBy(1),
  Home: () => stepBy(-last),
  End: () => stepBy(last),
  ' ': () => play(timer === null),
  s: () => setMode('slider'),
  b: () => setMode('side'),
  d: () => setMode('difference'),
  x: swap,
  '+': () => zoomBy(2),
  '=': () => zoomBy(2),
  '-': () => zoomBy(0.5),
  0: () => zoomTo(null),
  1: () => zoomTo(1),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  // A control that has the focus keeps the keys that it uses itself.
  const { tagName } = event.target;
  const own = {
    SELECT: /./,
    INPUT: /^(Arrow|Home|End|Page)/,
    BUTTON: /^( |Enter)$/,
    SUMMARY: /^( |Enter)$/,
    DIV: event.target.className === 'scroller' ? /^(Arrow|Home|End|Page| )/ : /^$/,
  }[tagName];
  if (own?.test(event.key)) return;
  const action = keys_[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

function start() {
  film.videos.forEach(({ label, width, height }, video) => {
    for (const side of ['left', 'right']) {
      const mark = video === film.reference ? ', reference' : '';
      control(side).append(new Option(`${label} (${width}×${height}${mark})`, video));
    }
  });
  control('right').value = 1;
  control('frame').max = last;
  for (const canvas of canvases) {
    canvas.width = film.width;
    canvas.height = film.height;
  }
  const small = film.videos.some(({ width, height }) => width !== film.width || height !== film.height);
  control('kernel-group').hidden = !small;
  control('made-by').textContent = `, made by dscvsr ${film.version}`;
  for (const id of ['left', 'right', 'kernel']) control(id).addEventListener('change', draw);
  control('swap').addEventListener('click', swap);
  control('modes').addEventListener('click', ({ target }) => {
    if (target.value) setMode(target.value);
  });
  control('gain').addEventListener('input', () => {
    control('gain-value').textContent = control('gain').value;
    draw();
  });
  control('zoom-in').addEventListener('click', () => zoomBy(2));
  control('zoom-out').addEventListener('click', () => zoomBy(0.5));
  control('zoom-fit').addEventListener('click', () => zoomTo(null));
  control('zoom-one').addEventListener('click', () => zoomTo(1));
  control('previous').addEventListener('click', () => stepBy(-1));
  control('next').addEventListener('click', () => stepBy(1));
  control('play').addEventListener('click', () => play(timer === null));
  control('frame').addEventListener('input', () => {
    play(false);
    show(Number(control('frame').value));
  });
  drawMeasures();
  splitAt(0.5);
  layOut();
  show(0);
}

start();
