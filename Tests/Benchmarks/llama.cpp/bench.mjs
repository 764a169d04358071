// llama.cpp at what 'mobilevlm bench' measures, in the same table: node bench.mjs FILE
// The runs are those of one call of ours: one that is not counted, then --repeats of them; medians and quartiles.
import { getLlama } from "node-llama-cpp";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { positionals: [file], values: { repeats, threads, only } } = parseArgs({
    allowPositionals: true,
    options: {
        repeats: { type: "string", default: "7" },
        threads: { type: "string", default: "2" },
        only: { type: "string", default: "prefill,decode-1,decode-4,decode-8,question" },
    },
});
if (!file) {
    console.error("usage: node bench.mjs FILE [--repeats N] [--threads N] [--only prefill,decode-1,decode-4,decode-8,question]");
    process.exit(2);
}

const [prefill, steps, picture, question] = [200, 32, 190, 20];
const llama = await getLlama({ gpu: false, build: "never", maxThreads: +threads, logLevel: "error" });
const model = await llama.loadModel({ modelPath: file });
const tokens = (count, seed) => [1, ...Array.from({ length: count - 1 }, (_, i) => 300 + ((i + seed) * 7919) % 30000)];

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.resolve("node-llama-cpp"))));
console.log(`node-llama-cpp ${version}, llama.cpp ${llama.llamaCppRelease.release}, ${threads} threads, ${llama.systemInfo}`);
console.log(row("ms", "median", "min", "quartiles", "max", "per second"));

await measure("prefill", `prefill, ${prefill} tokens`, prefill, "tokens", 1, async run => {
    const context = await newContext(1);
    const sequence = context.getSequence();
    await run(async () => {
        await sequence.clearHistory();
        return () => sequence.evaluateWithoutGeneratingNewTokens(tokens(prefill, 0));
    });
    await context.dispose();
});

for (const batch of [1, 4, 8]) {
    await measure(`decode-${batch}`, `decode, batch ${batch}`, batch, "tokens", steps, async run => {
        const context = await newContext(batch);
        const sequences = Array.from({ length: batch }, () => context.getSequence());
        for (const [i, sequence] of sequences.entries()) {
            await sequence.evaluateWithoutGeneratingNewTokens(tokens(prefill, i));
        }
        await run(async () => {
            await Promise.all(sequences.map(sequence => rewind(sequence, prefill)));
            return () => Promise.all(sequences.map(write));
        });
        await context.dispose();
    });
}

await measure("question", `question, ${question} tokens after ${picture}`, 1, "questions", 1, async run => {
    const context = await newContext(1);
    const sequence = context.getSequence();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens(picture, 0));
    await run(async () => {
        await rewind(sequence, picture);
        return async () => {
            for await (const _ of sequence.evaluate(tokens(question, 5), { temperature: 0, yieldEogToken: true })) break;
        };
    });
    await context.dispose();
});
process.exit(0);

function newContext(sequences) {
    return model.createContext({ sequences, contextSize: 256, batchSize: 512, threads: +threads });
}

function rewind(sequence, length) {
    return sequence.eraseContextTokenRanges([{ start: length, end: sequence.nextTokenIndex }]);
}

async function write(sequence) {
    let written = 0;
    for await (const _ of sequence.evaluate([303], { temperature: 0, yieldEogToken: true })) {
        if (++written >= steps) break;
    }
}

// 'prepare' is not timed, what it returns is.
async function measure(name, title, count, counted, perRun, body) {
    if (!only.split(",").includes(name)) return;
    const times = [];
    await body(async prepare => {
        for (let i = -1; i < +repeats; i++) {
            const timed = await prepare();
            const started = performance.now();
            await timed();
            if (i >= 0) times.push((performance.now() - started) / perRun);
        }
    });
    times.sort((a, b) => a - b);
    const at = share => {
        const place = share * (times.length - 1), below = Math.floor(place), above = Math.min(below + 1, times.length - 1);
        return times[below] + (place - below) * (times[above] - times[below]);
    };
    console.log(row(
        title, number(at(0.5)), number(times[0]), `${number(at(0.25))}-${number(at(0.75))}`, number(times.at(-1)),
        `${number(1000 * count / at(0.5))} ${counted}`));
}

function number(value) { return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2); }
function row(title, ...cells) {
    const widths = [8, 8, 15, 8, 17];
    return title.padEnd(32) + cells.map((cell, i) => cell.padStart(widths[i] + 1)).join("");
}
