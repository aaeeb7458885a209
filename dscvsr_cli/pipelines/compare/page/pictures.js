// The pictures inside the page: decoded when they are needed, all brought to one size, and kept.

const film = JSON.parse(document.getElementById('film').textContent);

const MOST_KEPT_BYTES = 512e6;
const kept = new Map();

/** Return a promise of a video's frame in the size in which all are shown. */
function picture(video, frame, kernel) {
  const { width, height } = film.videos[video];
  const enlarged = width !== film.width || height !== film.height;
  const key = `${video}-${frame}-${enlarged ? kernel : 'as it is'}`;
  let promise = kept.get(key);
  kept.delete(key);
  promise ??= decode(video, frame).then((decoded) => {
    if (!enlarged) return decoded;
    return (kernel === 'nearest' ? nearest : bicubic)(decoded, film.width, film.height);
  });
  // The one used last stands last; the ones at the front are forgotten first.
  kept.set(key, promise);
  const most = Math.max(4, MOST_KEPT_BYTES / (film.width * film.height * 4));
  for (const old of kept.keys()) {
    if (kept.size <= most) break;
    kept.delete(old);
  }
  return promise;
}

async function decode(video, frame) {
  const element = document.getElementById(`picture-${video}-${frame}`);
  const bytes = Uint8Array.from(atob(element.textContent), (sign) => sign.charCodeAt(0));
  const blob = new Blob([bytes], { type: element.type.split(';')[0] });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' });
  const canvas = document.createElement('canvas');
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
