// PSNR of every frame: a legend with the frame at hand, a chart, and a table.

const chart = document.getElementById('chart');
const measured = film.reference === null
  ? []
  : [...film.videos.keys()].filter((video) => video !== film.reference);

function decibels(value) {
  if (value === 'equal') return 'equal';
  return `${value.toFixed(2)} dB`;
}

function chartPaths() {
  const values = film.frames.flatMap(({ psnr }) => measured.map((video) => psnr[video]));
  const finite = values.filter((value) => value !== 'equal');
  const least = Math.min(...finite);
  const most = Math.max(...finite, least + 0.5);
  const across = (place) => (film.frames.length > 1 ? place / (film.frames.length - 1) : 0.5);
  const up = (value) => (value === 'equal' ? 0.02 : 0.06 + 0.88 * ((most - value) / (most - least)));
  return measured.map((video) =>
    film.frames.map(({ psnr }, place) => `${across(place)},${up(psnr[video])}`).join('L'));
}

function drawMeasures() {
  if (!measured.length) return;
  document.getElementById('measures').hidden = false;
  chart.setAttribute('viewBox', '0 0 1 1');
  const names = measured.map((video) => film.videos[video].label).join(' and ');
  chart.setAttribute('aria-label', `PSNR of ${names} over the frames; the table has the figures`);
  const element = (name) => document.createElementNS('http://www.w3.org/2000/svg', name);
  chartPaths().forEach((points, place) => {
    const path = element('path');
    path.setAttribute('d', `M${points}`);
    path.style.stroke = `var(--series-${measured[place]})`;
    chart.append(path);
  });
  const now = element('path');
  now.classList.add('now');
  chart.append(now);
  const row = (cells, kind) => {
    const line = document.createElement('tr');
    line.append(...cells.map((text) => {
      const cell = document.createElement(kind);
      cell.textContent = text;
      return cell;
    }));
    return line;
  };
  const labels = measured.map((video) => film.videos[video].label);
  document.querySelector('thead').append(row(['frame', 'time', ...labels], 'th'));
  document.querySelector('tbody').append(...film.frames.map(({ seconds, psnr }, place) =>
    row([place + 1, `${seconds.toFixed(3)} s`, ...measured.map((video) => decibels(psnr[video]))], 'td')));
}

function showMeasures(frame) {
  if (!measured.length) return;
  const place = film.frames.length > 1 ? frame / (film.frames.length - 1) : 0.5;
  chart.querySelector('.now').setAttribute('d', `M${place},0V1`);
  const items = measured.map((video) => {
    const item = document.createElement('span');
    const swatch = document.createElement('span');
    swatch.className = 'swatch';
    swatch.style.background = `var(--series-${video})`;
    item.append(swatch, `${film.videos[video].label}: ${decibels(film.frames[frame].psnr[video])}`);
    return item;
  });
  const against = `PSNR against ${film.videos[film.reference].label}`;
  document.getElementById('legend').replaceChildren(against, ...items);
}

chart.addEventListener('click', (event) => {
  const box = chart.getBoundingClientRect();
  show(Math.round(((event.clientX - box.left) / box.width) * (film.frames.length - 1)));
});
