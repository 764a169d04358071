// The vision part of MobileVLM V2 1.7B with random weights: node make-mmproj.mjs FILE [--type f16|bf16|q8_0]
import { parseArgs } from "node:util";
import { Gguf, Type } from "./gguf.mjs";

const [width, mlp, layers, heads, size, patch, hidden] = [1024, 4096, 23, 16, 336, 14, 2048];
const { positionals: [file], values: { type } } = parseArgs({
    allowPositionals: true,
    options: { type: { type: "string", default: "f16" } },
});
// The general.file_type of each type of the matrices.
const fileTypes = { f16: 1, q8_0: 7, bf16: 32 };
if (!file || !(type in fileTypes)) {
    console.error("usage: node make-mmproj.mjs FILE [--type f16|bf16|q8_0]");
    process.exit(2);
}

const model = new Gguf();
model.string("general.architecture", "clip");
model.string("general.name", "random, sizes of MobileVLM V2 1.7B");
model.u32("general.file_type", fileTypes[type]);
model.bool("clip.has_text_encoder", false);
model.bool("clip.has_vision_encoder", true);
model.bool("clip.has_llava_projector", true);
model.bool("clip.use_gelu", false);
model.string("clip.projector_type", "ldpv2");
model.u32("clip.vision.image_size", size);
model.u32("clip.vision.patch_size", patch);
model.u32("clip.vision.embedding_length", width);
model.u32("clip.vision.feed_forward_length", mlp);
model.u32("clip.vision.projection_dim", 768);
model.u32("clip.vision.attention.head_count", heads);
model.f32("clip.vision.attention.layer_norm_epsilon", 1e-5);
// The last of CLIP's 24 layers is not used, and llama.cpp's own conversion leaves it out. Of the 23 in the file llama.cpp
// computes 22, because it leaves out the last one itself as well.
model.u32("clip.vision.block_count", layers);
model.floats("clip.vision.image_mean", [0.48145466, 0.4578275, 0.40821073]);
model.floats("clip.vision.image_std", [0.26862954, 0.26130258, 0.27577711]);

const linear = (name, inputs, outputs) => {
    model.tensor(`${name}.weight`, [inputs, outputs], Type[type]);
    model.tensor(`${name}.bias`, [outputs], Type.f32);
};
const norm = name => {
    model.tensor(`${name}.weight`, [width], Type.f32);
    model.tensor(`${name}.bias`, [width], Type.f32);
};
model.tensor("v.class_embd", [width], Type.f32);
model.tensor("v.patch_embd.weight", [patch, patch, 3, width], Type.f16);
model.tensor("v.position_embd.weight", [width, (size / patch) ** 2 + 1], Type.f16);
norm("v.pre_ln");
for (let i = 0; i < layers; i++) {
    const at = `v.blk.${i}`;
    norm(`${at}.ln1`);
    for (const part of ["q", "k", "v", "out"]) linear(`${at}.attn_${part}`, width, width);
    norm(`${at}.ln2`);
    linear(`${at}.ffn_up`, width, mlp);
    linear(`${at}.ffn_down`, mlp, width);
}
linear("mm.model.mlp.0", width, hidden);
linear("mm.model.mlp.2", hidden, hidden);
model.tensor("mm.model.peg.0.weight", [3, 3, 1, hidden], Type.f16);
model.tensor("mm.model.peg.0.bias", [hidden], Type.f32);
console.log(`${file}: ${(model.write(file) / 1048576).toFixed(0)} MiB of weights`);
