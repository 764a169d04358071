// Generates pictures, each different from all others of this and of earlier runs, so that no cache can answer for one.
import { deflateSync } from "node:zlib";
import { randomInt } from "node:crypto";

const [width, height] = [640, 480];

// A PNG of a gradient with blocks of random colours.
export function newPicture() {
    const [red, green, blue] = [randomInt(256), randomInt(256), randomInt(256)];
    const stride = 1 + 3 * width;
    const rows = Buffer.alloc(stride * height);
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            const at = y * stride + 1 + 3 * x;
            rows[at] = x + red;
            rows[at + 1] = y + green;
            rows[at + 2] = (x >> 5) * (y >> 5) + blue;
        }
    }
    for (let block = 0; block < 12; block++) {
        const [left, top, colour] = [randomInt(width - 64), randomInt(height - 64), randomInt(1 << 24)];
        for (let y = top; y < top + 64; y++) {
            for (let x = left; x < left + 64; x++) rows.writeUIntBE(colour, y * stride + 1 + 3 * x, 3);
        }
    }
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    return Buffer.concat([
        Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
        chunk("IHDR", header), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
}

function crc(bytes) {
    let value = 0xffffffff;
    for (const byte of bytes) {
        value ^= byte;
        for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
    return (value ^ 0xffffffff) >>> 0;
}
