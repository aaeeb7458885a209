// Pictures as arithmetic: enlarging by bicubic and nearest, and the difference of two pictures.
// A picture is an ImageData. Pixel i of the target is at (i + 0.5) * source / target - 0.5.

/** Where every target pixel of one axis takes its four or more source pixels from, and how much. */
function bicubicTaps(source, target) {
  const stretch = Math.max(1, source / target);
  const reach = Math.ceil(2 * stretch);
  const taps = 2 * reach + 1;
  const positions = new Int32Array(target * taps);
  const weights = new Float32Array(target * taps);
  for (let i = 0; i < target; i += 1) {
    const centre = ((i + 0.5) * source) / target - 0.5;
    let sum = 0;
    for (let k = 0; k < taps; k += 1) {
      const position = Math.floor(centre) - reach + k;
      // Beyond the edge the picture goes on as in a mirror: 2 1 0 | 0 1 2.
      const folded = ((position % (2 * source)) + 2 * source) % (2 * source);
      positions[i * taps + k] = folded < source ? folded : 2 * source - 1 - folded;
      const weight = keys((centre - position) / stretch);
      weights[i * taps + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < taps; k += 1) weights[i * taps + k] /= sum;
  }
  return { positions, weights, taps };
}

/** Keys' kernel with a = -0.5, as MATLAB and papers on super-resolution use it. */
function keys(distance) {
  const x = Math.abs(distance);
  if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function bicubic(picture, width, height) {
  const across = bicubicTaps(picture.width, width);
  const down = bicubicTaps(picture.height, height);
  const rows = new Float32Array(picture.height * width * 3);
  for (let y = 0; y < picture.height; y += 1) {
    const line = y * picture.width * 4;
    for (let x = 0; x < width; x += 1) {
      let red = 0, green = 0, blue = 0;
      for (let k = x * across.taps; k < (x + 1) * across.taps; k += 1) {
        const from = line + across.positions[k] * 4;
        red += across.weights[k] * picture.data[from];
        green += across.weights[k] * picture.data[from + 1];
        blue += across.weights[k] * picture.data[from + 2];
      }
      const to = (y * width + x) * 3;
      rows[to] = red;
      rows[to + 1] = green;
      rows[to + 2] = blue;
    }
  }
  const result = new ImageData(width, height);
  const line = new Float32Array(width * 3);
  for (let y = 0; y < height; y += 1) {
    line.fill(0);
    for (let k = y * down.taps; k < (y + 1) * down.taps; k += 1) {
      const from = down.positions[k] * width * 3;
      for (let i = 0; i < line.length; i += 1) line[i] += down.weights[k] * rows[from + i];
    }
    // The array clamps and rounds what is written into it.
    for (let x = 0, to = y * width * 4; x < width; x += 1, to += 4) {
      result.data[to] = line[x * 3];
      result.data[to + 1] = line[x * 3 + 1];
      result.data[to + 2] = line[x * 3 + 2];
      result.data[to + 3] = 255;
    }
  }
  return result;
}

function nearest(picture, width, height) {
  const result = new ImageData(width, height);
  const from = new Uint32Array(picture.data.buffer);
  const to = new Uint32Array(result.data.buffer);
  const column = (x) => Math.floor(((2 * x + 1) * picture.width) / (2 * width));
  const columns = Int32Array.from({ length: width }, (_, x) => column(x));
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((2 * y + 1) * picture.height) / (2 * height)) * picture.width;
    for (let x = 0; x < width; x += 1) to[y * width + x] = from[row + columns[x]];
  }
  return result;
}

/** How far two pictures of one size are apart in every colour, times a factor; equal is black. */
function difference(first, second, gain) {
  const result = new ImageData(first.width, first.height);
  for (let i = 0; i < result.data.length; i += 4) {
    for (let c = i; c < i + 3; c += 1) {
      result.data[c] = gain * Math.abs(first.data[c] - second.data[c]);
    }
    result.data[i + 3] = 255;
  }
  return result;
}
