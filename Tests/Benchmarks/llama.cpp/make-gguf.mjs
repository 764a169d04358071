// A decoder of MobileLLaMA 1.4B's sizes with random weights in Q4_0: node make-gguf.mjs FILE --tokenizer tokenizer.model
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Gguf, Type } from "./gguf.mjs";

const [hidden, mlp, layers, heads, vocabulary] = [2048, 5632, 24, 16, 32000];
const { positionals: [file], values: { tokenizer } } = parseArgs({
    allowPositionals: true,
    options: { tokenizer: { type: "string" } },
});
if (!file || !tokenizer) {
    console.error("usage: node make-gguf.mjs FILE --tokenizer tokenizer.model");
    process.exit(2);
}

const model = new Gguf();
model.string("general.architecture", "llama");
model.string("general.name", "random, sizes of MobileLLaMA 1.4B");
model.u32("general.file_type", 2);
model.u32("llama.context_length", 2048);
model.u32("llama.embedding_length", hidden);
model.u32("llama.block_count", layers);
model.u32("llama.feed_forward_length", mlp);
model.u32("llama.attention.head_count", heads);
model.u32("llama.attention.head_count_kv", heads);
model.u32("llama.rope.dimension_count", hidden / heads);
model.f32("llama.attention.layer_norm_rms_epsilon", 1e-6);
model.u32("llama.vocab_size", vocabulary);

// The pieces of the model's own tokenizer, so that a text has the same number of tokens in both programs.
const pieces = readPieces(readFileSync(tokenizer));
if (pieces.length !== vocabulary) throw new Error(`${tokenizer} has ${pieces.length} pieces, not ${vocabulary}`);
model.string("tokenizer.ggml.model", "llama");
model.strings("tokenizer.ggml.tokens", pieces.map(piece => piece.text));
model.floats("tokenizer.ggml.scores", pieces.map(piece => piece.score));
model.ints("tokenizer.ggml.token_type", pieces.map(piece => piece.type));
model.u32("tokenizer.ggml.bos_token_id", 1);
model.u32("tokenizer.ggml.eos_token_id", 2);
model.u32("tokenizer.ggml.unknown_token_id", 0);

model.tensor("token_embd.weight", [hidden, vocabulary], Type.q4_0);
for (let i = 0; i < layers; i++) {
    const at = `blk.${i}`;
    model.tensor(`${at}.attn_norm.weight`, [hidden], Type.f32);
    for (const part of ["q", "k", "v", "output"]) model.tensor(`${at}.attn_${part}.weight`, [hidden, hidden], Type.q4_0);
    model.tensor(`${at}.ffn_norm.weight`, [hidden], Type.f32);
    model.tensor(`${at}.ffn_gate.weight`, [hidden, mlp], Type.q4_0);
    model.tensor(`${at}.ffn_up.weight`, [hidden, mlp], Type.q4_0);
    model.tensor(`${at}.ffn_down.weight`, [mlp, hidden], Type.q4_0);
}
model.tensor("output_norm.weight", [hidden], Type.f32);
model.tensor("output.weight", [hidden, vocabulary], Type.q4_0);
console.log(`${file}: ${(model.write(file) / 1048576).toFixed(0)} MiB of weights`);

// A SentencePiece model is a protocol buffer; field 1 is a piece: its text (1), its score (2) and its type (3).
function readPieces(bytes) {
    return [...fields(bytes)].filter(field => field.number === 1).map(field => {
        const piece = { text: "", score: 0, type: 1 };
        for (const { number, value } of fields(field.value)) {
            if (number === 1) piece.text = value.toString("utf8");
            if (number === 2) piece.score = value.readFloatLE(0);
            if (number === 3) piece.type = value;
        }
        return piece;
    });
}

function* fields(bytes) {
    let at = 0;
    const varint = () => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
            const next = bytes[at++];
            value += (next & 0x7f) * 2 ** shift;
            if (next < 0x80) return value;
        }
    };
    while (at < bytes.length) {
        const tag = varint();
        const wire = tag & 7;
        const length = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : varint();
        const value = wire === 0 ? varint() : bytes.subarray(at, at + length);
        at += length;
        yield { number: tag >> 3, value };
    }
}
