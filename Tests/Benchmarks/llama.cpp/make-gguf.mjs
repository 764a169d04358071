// A decoder of MobileLLaMA 1.4B's sizes with random weights in Q4_0: node make-gguf.mjs FILE
import { Gguf, Type } from "./gguf.mjs";

const [hidden, mlp, layers, heads, vocabulary] = [2048, 5632, 24, 16, 32000];
const file = process.argv[2];
if (!file) {
    console.error("usage: node make-gguf.mjs FILE");
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

// A vocabulary in name only: special tokens, bytes, and words that nobody will ask for.
const special = ["<unk>", "<s>", "</s>"];
const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
const words = Array.from({ length: vocabulary - special.length - bytes.length }, (_, i) => `▁w${i}`);
model.string("tokenizer.ggml.model", "llama");
model.strings("tokenizer.ggml.tokens", [...special, ...bytes, ...words]);
model.floats("tokenizer.ggml.scores", Array.from({ length: vocabulary }, (_, i) => -i));
model.ints("tokenizer.ggml.token_type", [2, 3, 3, ...bytes.map(() => 6), ...words.map(() => 1)]);
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
