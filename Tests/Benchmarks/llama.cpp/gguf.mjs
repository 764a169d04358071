// Writes GGUF files (version 3), tensor by tensor, so that a model needs no more memory than its largest tensor.
import { openSync, writeSync, closeSync } from "node:fs";

export const Type = { f32: 0, f16: 1, q4_0: 2, q8_0: 8, bf16: 30 };

// Elements of a block and its bytes.
const blocks = { [Type.f32]: [1, 4], [Type.f16]: [1, 2], [Type.q4_0]: [32, 18], [Type.q8_0]: [32, 34], [Type.bf16]: [1, 2] };
const alignment = 32;
const valueTypes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };

export class Gguf {
    #fields = [];
    #tensors = [];

    u32(key, value) { this.#field(key, valueTypes.u32, int(4, value)); }
    f32(key, value) { this.#field(key, valueTypes.f32, float(value)); }
    bool(key, value) { this.#field(key, valueTypes.bool, Buffer.from([value ? 1 : 0])); }
    string(key, value) { this.#field(key, valueTypes.string, text(value)); }
    strings(key, values) { this.#array(key, valueTypes.string, values.map(text)); }
    floats(key, values) { this.#array(key, valueTypes.f32, values.map(float)); }
    ints(key, values) { this.#array(key, valueTypes.i32, values.map(v => int(4, v))); }

    // Sizes innermost first, as the format has them.
    tensor(name, sizes, type) { this.#tensors.push({ name, sizes, type }); }

    // Speed does not depend on the values; those of the norms are 1 so that nothing vanishes or overflows.
    write(path) {
        const file = openSync(path, "w");
        const infos = [];
        let offset = 0;
        for (const { name, sizes, type } of this.#tensors) {
            infos.push(text(name), int(4, sizes.length), ...sizes.map(s => int(8, s)), int(4, type), int(8, offset));
            offset += aligned(bytesOf(sizes, type));
        }
        const head = Buffer.concat([
            Buffer.from("GGUF"), int(4, 3), int(8, this.#tensors.length), int(8, this.#fields.length), ...this.#fields, ...infos]);
        writeAll(file, head, aligned(head.length));
        for (const { sizes, type } of this.#tensors) {
            const size = bytesOf(sizes, type);
            writeAll(file, values(size, type), aligned(size));
        }
        closeSync(file);
        return offset;
    }

    #field(key, type, value) { this.#fields.push(Buffer.concat([text(key), int(4, type), value])); }
    #array(key, type, values) {
        this.#field(key, valueTypes.array, Buffer.concat([int(4, type), int(8, values.length), ...values]));
    }
}

function values(size, type) {
    const bytes = Buffer.alloc(size);
    if (type === Type.f32) {
        new Float32Array(bytes.buffer, bytes.byteOffset, size / 4).fill(1);
        return bytes;
    }
    let state = 0x9e3779b9;
    if (type === Type.f16 || type === Type.bf16) {
        // About 0.02, of either sign.
        const [exponent, shift] = type === Type.f16 ? [0x2400, 22] : [0x3c80, 25];
        const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, size / 2);
        for (let i = 0; i < halves.length; i++) {
            state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
            halves[i] = exponent | (state >>> shift) | ((state >>> 6) & 0x8000);
        }
        return bytes;
    }
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, size >> 2);
    for (let i = 0; i < words.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        words[i] = state;
    }
    // Each block begins with its scale in float16: 0.002 for 4 bits, 0.0002 for 8.
    const [, step] = blocks[type];
    const scale = type === Type.q8_0 ? 0x0a8e : 0x1819;
    for (let at = 0; at < size; at += step) bytes.writeUInt16LE(scale, at);
    return bytes;
}

function bytesOf(sizes, type) {
    const [elements, size] = blocks[type];
    return sizes.reduce((a, b) => a * b, 1) / elements * size;
}

function aligned(size) { return Math.ceil(size / alignment) * alignment; }
function writeAll(file, bytes, size) {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 1 << 30));
    if (size > bytes.length) writeSync(file, Buffer.alloc(size - bytes.length));
}
function int(size, value) {
    const b = Buffer.alloc(size);
    if (size === 8) b.writeBigUInt64LE(BigInt(value)); else b.writeInt32LE(value | 0);
    return b;
}
function float(value) { const b = Buffer.alloc(4); b.writeFloatLE(value); return b; }
function text(value) { const b = Buffer.from(value, "utf8"); return Buffer.concat([int(8, b.length), b]); }
