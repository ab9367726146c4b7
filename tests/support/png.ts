import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** A picture whose pixels are colours, 0xRRGGBB, row by row. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** A picture whose pixels are numbers in a list of colours. */
export interface IndexedImage {
  readonly width: number;
  readonly height: number;
  /** 0xRRGGBB, at most 256. */
  readonly colours: readonly number[];
  /** Row by row. */
  readonly indexes: Buffer;
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Eight bits a pixel, by a palette (PNG, section 11.2.1). */
const INDEXED = Buffer.from([8, 3, 0, 0, 0]);
/** How many bytes a pixel has, by the type of its colour: red, green and blue, a number in the palette, or with opacity. */
const PIXEL_BYTES: Readonly<Record<number, number>> = { 2: 3, 3: 1, 6: 4 };

/** Reads a PNG of eight bits a channel, as browsers and `writePng` write them. Its opacity counts for nothing. */
export function readPng(png: Buffer): Image {
  const chunks = chunksOf(png);
  const header = Buffer.concat(chunks('IHDR'));
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, type = 0, , , interlaced] = header.subarray(8);
  const size = PIXEL_BYTES[type];
  if (size === undefined || depth !== 8 || interlaced !== 0) throw new Error('such a PNG cannot be read');
  const bytes = unfiltered(inflateSync(Buffer.concat(chunks('IDAT'))), width * size, size);
  const [palette, step] = size === 1 ? [Buffer.concat(chunks('PLTE')), 3] : [bytes, size];
  const pixels = new Uint32Array(width * height);
  for (let pixel = 0; pixel < pixels.length; pixel++) {
    const at = (size === 1 ? (bytes[pixel] ?? 0) : pixel) * step;
    pixels[pixel] = ((palette[at] ?? 0) << 16) | ((palette[at + 1] ?? 0) << 8) | (palette[at + 2] ?? 0);
  }
  return { width, height, pixels };
}

/** What the chunks of a name hold. */
function chunksOf(png: Buffer) {
  const found: { readonly name: string; readonly data: Buffer }[] = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    found.push({ name: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, end) });
    at = end + 4;
  }
  return (wanted: string) => found.filter(({ name }) => name === wanted).map(({ data }) => data);
}

/** Undoes the filter of each row, which its first byte names (PNG, section 9.2). */
function unfiltered(filtered: Buffer, rowBytes: number, pixelBytes: number): Buffer {
  const rows = filtered.length / (rowBytes + 1);
  const bytes = Buffer.alloc(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const filter = filtered[row * (rowBytes + 1)] ?? 0;
    const [from, to] = [row * (rowBytes + 1) + 1, row * rowBytes];
    for (let x = 0; x < rowBytes; x++) {
      const left = x < pixelBytes ? 0 : (bytes[to + x - pixelBytes] ?? 0);
      const up = row === 0 ? 0 : (bytes[to + x - rowBytes] ?? 0);
      const corner = x < pixelBytes || row === 0 ? 0 : (bytes[to + x - rowBytes - pixelBytes] ?? 0);
      bytes[to + x] = (filtered[from + x] ?? 0) + predicted(filter, left, up, corner);
    }
  }
  return bytes;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const [toLeft, toUp, toCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** A PNG of a third of the size that browsers write. */
export function writePng({ width, height, colours, indexes }: IndexedImage): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const palette = Buffer.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  // Each row begins with its filter: none.
  const rows = Array.from({ length: height }, (_, row) => [
    Buffer.from([0]),
    indexes.subarray(row * width, (row + 1) * width),
  ]).flat();
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', Buffer.concat([size, INDEXED])),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}
