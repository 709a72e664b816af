// Synthetic chest pictures for the fake server: good enough to judge a screen by, and nobody's body.

/** Small seeded generator (mulberry32). */
export function random(seed) {
  let a = (seed * 2654435761 + 1) >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const soft = (d, width) => 1 / (1 + Math.exp(d / width));
const length = (a, b) => Math.sqrt(a * a + b * b);
const ellipse = (x, y, cx, cy, rx, ry) => length((x - cx) / rx, (y - cy) / ry) - 1;

/** Class of an image of the fake project: 0 normal, 1 pneumonia, 2 COVID-19. */
export function truthOf(id) {
  const roll = random(id + 7)();
  return roll < 0.5 ? 0 : roll < 0.8 ? 1 : 2;
}

function opacities(kind, next) {
  const blobs = [];
  const add = (side, cy, size, strength) => {
    blobs.push({ x: 0.5 + side * (0.19 + 0.06 * next()), y: cy, r: size, s: strength });
  };
  if (kind === 1) {
    const side = next() < 0.5 ? -1 : 1;
    for (let i = 0; i < 3; i++) add(side, 0.52 + 0.16 * next(), 0.06 + 0.05 * next(), 0.07 + 0.07 * next());
  } else if (kind === 2) {
    for (let i = 0; i < 7; i++)
      add(i % 2 === 0 ? -1.1 : 1.1, 0.4 + 0.3 * next(), 0.05 + 0.04 * next(), 0.06 + 0.06 * next());
  }
  return blobs;
}

/** A coarse field of noise, sampled smoothly. */
function noiseField(next, cells) {
  const grid = Float32Array.from({ length: (cells + 1) ** 2 }, () => next() - 0.5);
  return (x, y) => {
    const gx = Math.min(x * cells, cells - 0.001);
    const gy = Math.min(y * cells, cells - 0.001);
    const ix = Math.floor(gx);
    const iy = Math.floor(gy);
    const fx = (gx - ix) ** 2 * (3 - 2 * (gx - ix));
    const fy = (gy - iy) ** 2 * (3 - 2 * (gy - iy));
    const at = (i, j) => grid[j * (cells + 1) + i];
    return (
      (at(ix, iy) * (1 - fx) + at(ix + 1, iy) * fx) * (1 - fy) +
      (at(ix, iy + 1) * (1 - fx) + at(ix + 1, iy + 1) * fx) * fy
    );
  };
}

/** Anatomy is drawn at this side at most and then enlarged; grain is added at full size. */
const DRAWN_SIDE = 300;

/** Draws one picture: 12 bits in 16, bright = dense, as a chest radiograph is shown. */
export function drawChest(id, side) {
  const drawn = drawAnatomy(id, Math.min(side, DRAWN_SIDE));
  const width = side;
  const height = Math.round((drawn.height * side) / drawn.width);
  const samples = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    const sy = Math.max(0, Math.min(drawn.height - 1.001, ((y + 0.5) * drawn.height) / height - 0.5));
    const iy = Math.floor(sy);
    for (let x = 0; x < width; x++) {
      const sx = Math.max(0, Math.min(drawn.width - 1.001, ((x + 0.5) * drawn.width) / width - 0.5));
      const ix = Math.floor(sx);
      const at = iy * drawn.width + ix;
      const fx = sx - ix;
      const top = drawn.samples[at] * (1 - fx) + drawn.samples[at + 1] * fx;
      const bottom = drawn.samples[at + drawn.width] * (1 - fx) + drawn.samples[at + drawn.width + 1] * fx;
      const grain = ((Math.imul(y * width + x + 1 + id * 977, 2246822519) >>> 16) & 255) / 255 - 0.5;
      const value = top + (bottom - top) * (sy - iy);
      samples[y * width + x] = Math.max(0, Math.min(4095, value + 90 * grain));
    }
  }
  return { width, height, samples, low: 300, high: 3300 };
}

function drawAnatomy(id, side) {
  const next = random(id + 1);
  const width = side;
  const height = Math.round(side * (0.92 + 0.2 * next()));
  const tilt = (next() - 0.5) * 0.05;
  const size = 0.94 + 0.12 * next();
  const blobs = opacities(truthOf(id), next);
  const cloud = noiseField(next, 7);
  const texture = noiseField(next, 60);
  const fine = noiseField(next, 190);
  const samples = new Uint16Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const v = row / height;
      const u = 0.5 + (column / width - 0.5) / size + (v - 0.5) * tilt;
      const body = Math.max(
        soft(ellipse(u, v, 0.5, 0.72, 0.47, 0.62), 0.025),
        soft(ellipse(u, v, 0.5, 0.02, 0.1, 0.34), 0.06),
      );
      let value = (0.36 + 0.16 * soft((0.7 - v) * 9, 0.8) - 0.1 * soft((v - 0.12) * 20, 0.6)) * body;
      let lungs = 0;
      for (const s of [-1, 1]) {
        const apex = soft(ellipse(u, v, 0.5 + s * 0.17, 0.47, 0.155 - 0.06 * (0.47 - v), 0.325), 0.03);
        const dome = soft(
          (v - (0.735 + (s < 0 ? -0.02 : 0.015) - 0.5 * (u - 0.5 - s * 0.17) ** 2 * 4)) * 30,
          0.35,
        );
        lungs = Math.max(lungs, apex * dome);
      }
      value -= (0.26 + 0.03 * cloud(u, v)) * lungs;
      const heart = soft(ellipse(u, v, 0.545, 0.63, 0.14, 0.145), 0.05);
      const mediastinum =
        soft((Math.abs(u - 0.505) - 0.052 - 0.03 * Math.max(0, v - 0.45)) * 20, 0.22) *
        soft((v - 0.8) * 12, 0.5);
      value += Math.max(0.2 * heart, 0.17 * mediastinum) * body;
      const spine = soft((Math.abs(u - 0.5) - 0.03) * 30, 0.35);
      value += 0.05 * spine * body * (0.7 + 0.3 * Math.sin(v * 88));
      for (const s of [-1, 1]) {
        const out = (u - 0.5) * s;
        if (out > 0.02 && out < 0.48) {
          const fade = soft((0.07 - out) * 60, 0.5) * soft((out - 0.38) * 40, 0.5);
          const arc = v + 0.5 * out * out - 0.34 * out;
          const rib = Math.max(0, Math.sin(arc * 62 + 1.2)) ** 5;
          value += 0.055 * fade * rib * soft((v - 0.74) * 14, 0.5) * soft((0.14 - v) * 20, 0.5) * body;
          const back = v - 0.55 * out * out + 0.2 * out;
          value += 0.028 * fade * Math.max(0, Math.sin(back * 62 + 0.4)) ** 5 * lungs;
        }
        const far = soft((out - 0.3) * 40, 0.6);
        const collar = Math.abs(v - (0.175 - 0.13 * out + 0.28 * out * out));
        if (out > 0.04) value += 0.09 * far * soft((collar - 0.012) * 130, 0.6) * body;
        const vessel = Math.max(0, 1 - length((out - 0.075) / 0.08, (v - 0.5) / 0.13));
        value += 0.15 * vessel * lungs;
      }
      for (const blob of blobs) {
        const d2 = ((u - blob.x) ** 2 + (v - blob.y) ** 2) / blob.r ** 2;
        if (d2 < 8)
          value +=
            blob.s *
            Math.exp(-d2) *
            (0.25 + 0.75 * lungs) *
            (1 + 0.7 * cloud(v, u) + 0.5 * texture(u * 0.9, v * 0.9));
      }
      value += 0.05 * cloud(column / width, v) * body + 0.03 * texture(column / width, v) * body;
      value += 0.028 * fine(column / width, v);
      samples[row * width + column] = Math.max(0, Math.min(4095, 300 + 4100 * value));
    }
  }
  return { width, height, samples };
}
