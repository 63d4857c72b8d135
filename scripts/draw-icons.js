// Draws the icons of the add-in into assets/: `node scripts/draw-icons.js`. Run it after changing the mark, commit the
// result. Each size is drawn for itself from shapes, not scaled down, so that 16 px stays crisp.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const MAIL = [43, 98, 196];
const BESIDE = [20, 164, 154];
const WHITE = [255, 255, 255];

/** Signed distance to a rounded rectangle in the unit square; negative inside. */
const roundedBox = (left, top, right, bottom, radius) => (x, y) => {
  const dx = Math.abs(x - (left + right) / 2) - (right - left) / 2 + radius;
  const dy = Math.abs(y - (top + bottom) / 2) - (bottom - top) / 2 + radius;
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
};

/** Signed distance to a stroke with round ends through the given points. */
const stroke =
  (width, ...points) =>
  (x, y) => {
    let nearest = Infinity;
    for (let i = 1; i < points.length; i++) {
      const [[ax, ay], [bx, by]] = [points[i - 1], points[i]];
      const along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2);
      const t = Math.min(1, Math.max(0, along));
      nearest = Math.min(nearest, Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)));
    }
    return nearest - width / 2;
  };

/** The mark: a wide shape (the mail) and, side by side with it, a narrow one (what we add). */
const mark = [
  { color: MAIL, inside: roundedBox(0.06, 0.1, 0.56, 0.9, 0.14) },
  { color: BESIDE, inside: roundedBox(0.64, 0.1, 0.94, 0.9, 0.14) },
];
/** The Track button: the same two shapes, the wide one ticked. */
const track = [
  { color: MAIL, inside: roundedBox(0.04, 0.1, 0.7, 0.9, 0.14) },
  { color: BESIDE, inside: roundedBox(0.78, 0.1, 0.96, 0.9, 0.09) },
  { color: WHITE, inside: stroke(0.1, [0.2, 0.52], [0.32, 0.64], [0.55, 0.37]) },
];

/** RGBA bytes of the shapes, later ones on top; the edge is one pixel of coverage wide. */
function paint(size, shapes) {
  const pixels = Buffer.alloc(size * size * 4);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let [r, g, b, alpha] = [0, 0, 0, 0];
      for (const { color, inside } of shapes) {
        const distance = inside((column + 0.5) / size, (row + 0.5) / size) * size;
        const cover = Math.min(1, Math.max(0, 0.5 - distance));
        const sum = cover + alpha * (1 - cover);
        if (sum === 0) continue;
        const mix = (over, under) => (over * cover + under * alpha * (1 - cover)) / sum;
        [r, g, b, alpha] = [mix(color[0], r), mix(color[1], g), mix(color[2], b), sum];
      }
      pixels.set([r, g, b, alpha * 255].map(Math.round), (row * size + column) * 4);
    }
  }
  return pixels;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

function png(size, pixels) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8); // 8 bits, RGBA
  const rows = [];
  for (let row = 0; row < size; row++) {
    rows.push(Buffer.from([0]), pixels.subarray(row * size * 4, (row + 1) * size * 4)); // filter 0
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.concat(rows), { level: 9 });
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

const ribbon = [16, 20, 24, 32, 40, 48, 64, 80];
const listing = [64, 128];
const phone = [25, 32, 48].flatMap((size) => [size, size * 2, size * 3]);

const folder = new URL('../assets/', import.meta.url);
mkdirSync(folder, { recursive: true });
const draw = (name, sizes, shapes) => {
  for (const size of new Set(sizes)) {
    writeFileSync(fileURLToPath(new URL(`${name}-${size}.png`, folder)), png(size, paint(size, shapes)));
  }
};
draw('icon', [...ribbon, ...listing, ...phone], mark);
draw('track', ribbon, track);
