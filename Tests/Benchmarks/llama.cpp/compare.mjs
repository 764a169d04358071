// Runs llama.cpp and MobileVlm.Edge in turn and prints how they compare, as Markdown. Each round's results are kept as JSON files in
// --out; a later call adds rounds, and the table is of all rounds in the folder. A ratio is the median of the ratios of the rounds,
// because only what was measured within the same minutes can be compared on a machine that others share.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measure, options as serverOptions } from "./server.mjs";
import { measureService } from "./service.mjs";
import { median, number } from "./statistics.mjs";

const { values } = parseArgs({
    options: {
        ...serverOptions,
        mobilevlm: { type: "string" },
        model: { type: "string" },
        rounds: { type: "string", default: "5" },
        repeats: { type: "string", default: "3" },
        out: { type: "string", default: "compare-results" },
        service: { type: "boolean", default: false },
        "usual-mmproj": { type: "string" },
        commit: { type: "string" },
        write: { type: "boolean", default: false },
    },
});
const usage = `usage: node compare.mjs --mobilevlm PATH --model DIR
    --server llama-server --bench llama-bench --lm lm.gguf --mmproj mmproj.gguf [--threads N]
    [--usual-mmproj mmproj-f16.gguf] [--rounds N] [--repeats N] [--out DIR] [--service] [--commit ID] [--write]
--rounds 0 prints the table of the rounds that are already in --out. --write also puts it into Deploy/docs/speed.md, the sentence of
README.md and the rows of Deploy/docs/numbers.md, between their markers.`;
if (+values.rounds > 0 && !(values.mobilevlm && values.model && values.server && values.bench && values.lm && values.mmproj)) {
    console.error(usage);
    process.exit(2);
}

let rounds = [];
const file = (round, what) => join(values.out, `round-${round}-${what}.json`);
mkdirSync(values.out, { recursive: true });
let done = 0;
while (existsSync(file(done + 1, "mobilevlm")) && existsSync(file(done + 1, "llama.cpp"))) done++;
for (let round = done + 1; round <= done + +values.rounds; round++) {
    const parts = [["llama.cpp", () => measure(values)], ["mobilevlm", bench]];
    // Neither program is always the second one.
    for (const [what, run] of round % 2 ? parts : parts.reverse()) {
        console.error(`round ${round}: ${what}`);
        writeFileSync(file(round, what), JSON.stringify(await run()));
    }
    if (values["usual-mmproj"]) {
        console.error(`round ${round}: llama.cpp with the usual projector file`);
        writeFileSync(file(round, "llama.cpp-usual"), JSON.stringify(await measure(
            { ...values, mmproj: values["usual-mmproj"], bench: undefined, "no-one-by-one": true })));
    }
    if (values.service) {
        console.error(`round ${round}: the service, measured by an MQTT subscriber`);
        writeFileSync(file(round, "service"), JSON.stringify(await measureService({ ...values, pictures: "6" })));
    }
}
print(done + +values.rounds);

function bench() {
    const args = ["bench", "--model", values.model, "--json", "--repeats", values.repeats,
        "--only", "encode,prefill,decode,text,first,questions", ...values.threads ? ["--threads", values.threads] : []];
    const result = JSON.parse(execFileSync(values.mobilevlm, args, { encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "inherit"] }));
    return { ...result, command: `mobilevlm ${args.map(a => a === values.model ? "DIR" : a).join(" ")}`, commit: values.commit };
}

function print(count) {
    if (count === 0) {
        console.error(`${values.out} has no rounds.`);
        process.exit(1);
    }
    const read = (round, what) => JSON.parse(readFileSync(file(round, what), "utf8"));
    rounds = Array.from({ length: count }, (_, i) => ({
        ours: read(i + 1, "mobilevlm"), theirs: read(i + 1, "llama.cpp"),
        usual: existsSync(file(i + 1, "llama.cpp-usual")) ? read(i + 1, "llama.cpp-usual") : undefined,
        service: existsSync(file(i + 1, "service")) ? read(i + 1, "service") : undefined,
    }));
    const { ours, theirs } = rounds[0];
    const precision = p => Object.entries(p).map(([part, value]) => `${part} ${value}`).join(", ");
    const find = (document, name) => document?.results.find(r => r.name === name);
    const each = value => ({
        usual: rounds.map(r => value(r.usual)).filter(v => v !== undefined),
        theirs: rounds.map(r => value(r.theirs)).filter(v => v !== undefined),
        ours: rounds.map(r => value(r.ours)),
    });
    const ms = name => each(document => find(document, name)?.ms.median);
    const rate = name => each(document => find(document, name)?.perSecond);
    const of8 = member => each(document => find(document, "questions-8")?.[member]);
    const usual = rounds[0].usual;
    const MiB = 1 << 20;

    const machine = `${ours.box.cpu} (${ours.box.instructions.join(" ")})`;
    const lines = [
        `- ${ours.box.processors} virtual processors, ${machine}; ${theirs.threads} threads; ${count} alternating rounds, medians (lowest-highest round); `
            + `${range(rounds.map(r => r.ours.ceilings.int8 / 1e9))} Gop/s int8, `
            + `${range(rounds.map(r => Math.max(r.ours.ceilings.readBefore, r.ours.ceilings.readAfter) / 1e9))} GB/s read.`,
        `- ${theirs.box.program}; decoder ${theirs.model.precision.decoder}.`,
        `- MobileVlm.Edge ${ours.box.program.split("+")[0]}${ours.commit ? `, commit ${ours.commit}` : ""}, ONNX Runtime ${ours.box.onnxRuntime}; ${precision(ours.model.precision)}.`,
        "",
        usual
            ? `| | llama.cpp ${usual.model.precision.vision} | llama.cpp ${theirs.model.precision.vision} | MobileVlm.Edge | Ratio to ${usual.model.precision.vision} | Ratio to ${theirs.model.precision.vision} |`
            : `| | llama.cpp ${theirs.model.precision.vision} | MobileVlm.Edge | Ratio |`,
        `| --- | --- | --- | --- |${usual ? " --- | --- |" : ""}`,
        line("image encode, ms", ms("encode"), times),
        line("prefill, 200 tokens, tokens/s", rate("prefill"), rates),
        line("decode, batch 1, tokens/s", rate("decode-1"), rates),
        line("first yes/no on a new picture, ms", ms("first"), times),
        line("8 yes/no on a new picture, prompt cache on, ms", ms("questions-8"), times),
        line("8 yes/no, one request each, prompt cache off, ms", { ...ms("questions-8-one-by-one"), ours: ms("questions-8").ours }, times),
        line("each further question, ms", of8("furtherMs"), times),
        line("each further question, % of the first", each(document => document && 100 * find(document, "questions-8").furtherShare)),
        line("text of 32 tokens, picture in the cache, ms", ms("text"), times),
        line("peak resident memory, MiB", each(document => document && document.memory.peak / MiB), times),
        "",
        "| MobileVlm.Edge alone | |",
        "| --- | --- |",
        alone("text with the same text as draft, speed-up", rounds.map(r => find(r.ours, "text").ms.median / find(r.ours, "text-same").ms.median)),
        alone("text with one token of the draft changed, speed-up", rounds.map(r => find(r.ours, "text").ms.median / find(r.ours, "text-changed").ms.median)),
        alone("image encode, % of the int8 ceiling", rounds.map(r => 100 * find(r.ours, "encode").shareOfInt8)),
        alone("prefill, % of the int8 ceiling", rounds.map(r => 100 * find(r.ours, "prefill").shareOfInt8)),
        alone("decode, batch 1, % of the read bandwidth", rounds.map(r => 100 * find(r.ours, "decode-1").shareOfRead)),
        ...energy(rounds),
        ...service(rounds),
    ];
    console.log(lines.join("\n"));
    console.log(`\nCommands:\n${[...theirs.commands, ours.command].map(c => `- ${c}`).join("\n")}`);
    console.log(`Warnings: ${[...new Set(rounds.flatMap(r => r.ours.warnings))].join(" ") || "none"}`);
    if (values.write) {
        replace("Deploy/docs/speed.md", lines);
        const value = samples => number(median(samples));
        const ratio = (samples, of) => number(median(samples.theirs.map((t, i) => of(t, samples.ours[i]))));
        const [encode, prefill, decode, first, eight, further] =
            [ms("encode"), rate("prefill"), rate("decode-1"), ms("first"), ms("questions-8"), of8("furtherMs")];
        const oneByOne = { theirs: ms("questions-8-one-by-one").theirs, ours: eight.ours };
        const peak = each(document => document && document.memory.peak / MiB);
        replace("README.md", [
            `Compared with llama.cpp, built natively on the same machine (${ours.box.processors} virtual processors of an ${machine}), ${theirs.threads} threads, `
                + `MobileVLM V2 1.7B sizes, medians of ${count} alternating rounds:`,
            "",
            `- image encode: ${value(encode.ours)} ms, ${ratio(encode, times)} times as fast`,
            `- prefill: ${value(prefill.ours)} tokens/s, ${ratio(prefill, rates)} times`,
            `- decode: ${value(decode.ours)} tokens/s, ${ratio(decode, rates)} times`,
            `- first yes/no on a new picture: ${value(first.ours)} ms, ${ratio(first, times)} times`,
            `- 8 yes/no on a new picture: ${value(eight.ours)} ms, ${ratio(eight, times)} times (${ratio(oneByOne, times)} times without its prompt cache)`,
            `- each further question: ${value(further.ours)} ms, ${ratio(further, times)} times`,
            `- peak memory: ${value(peak.ours)} MiB, llama.cpp ${value(peak.theirs)} MiB`,
            "",
            `Below 1 is slower. llama.cpp uses its fastest projector file (${theirs.model.precision.vision}).`,
        ]);
        const from = `commit ${ours.commit ?? ours.box.program}, ${ours.box.cpu} with ${ours.box.processors} virtual processors, \`compare.mjs\`, ${count} rounds`;
        const entry = (what, ...texts) => `| ${texts.join(", ")} | ${what} | measured here | ${from} |`;
        replace("Deploy/docs/numbers.md", [
            "| Number | What | Kind | From |", "| --- | --- | --- | --- |",
            entry("image encode", `${value(encode.ours)} ms`, `${ratio(encode, times)} times`),
            entry("prefill of 200 tokens", `${value(prefill.ours)} tokens/s`, `${ratio(prefill, rates)} times`),
            entry("decode, batch 1", `${value(decode.ours)} tokens/s`, `${ratio(decode, rates)} times`),
            entry("first yes/no on a new picture", `${value(first.ours)} ms`, `${ratio(first, times)} times`),
            entry("8 yes/no on a new picture; llama.cpp with its prompt cache, and with one request each and the cache off", `${value(eight.ours)} ms`, `${ratio(eight, times)} times`, `${ratio(oneByOne, times)} times`),
            entry("each further question", `${value(further.ours)} ms`, `${ratio(further, times)} times`),
            entry("peak resident memory, and llama.cpp's", `${value(peak.ours)} MiB`, `${value(peak.theirs)} MiB`),
        ]);
    }
}

// Replaces what is between the markers in a file of the repository.
function replace(path, lines) {
    const [begin, end] = ["<!-- compare.mjs: begin -->", "<!-- compare.mjs: end -->"];
    const file = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
    const text = readFileSync(file, "utf8");
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${path} has no markers '${begin}' and '${end}'.`);
    writeFileSync(file, `${text.slice(0, from + begin.length)}\n${lines.join("\n")}\n${text.slice(to)}`);
}

// Above 1 is better than llama.cpp, for costs and for rates.
function times(theirs, ours) { return theirs / ours; }
function rates(theirs, ours) { return ours / theirs; }

function line(title, samples, ratio) {
    const cell = values => values.length === 0 ? "" : range(values);
    const ratios = of => cell(ratio && of.length === samples.ours.length ? of.map((t, i) => ratio(t, samples.ours[i])) : []);
    const cells = [cell(samples.theirs), cell(samples.ours), ratios(samples.theirs)];
    return `| ${[title, ...rounds[0].usual ? [cell(samples.usual), ...cells.slice(0, 2), ratios(samples.usual), cells[2]] : cells].join(" | ")} |`;
}

function alone(title, samples) { return `| ${title} | ${range(samples)} |`; }

function energy(rounds) {
    const joules = rounds.map(r => r.ours.results.find(x => x.name === "questions-8").joules).filter(j => j != null);
    return joules.length ? [alone("energy per answer of 8, J", joules)] : [];
}

function service(rounds) {
    const of = name => rounds.flatMap(r => r.service?.results.filter(x => x.name === name) ?? []);
    return of("service-1").length === 0 ? [] : [
        alone("measured by an MQTT subscriber: service, 1 question, ms per picture", of("service-1").map(r => r.ms.median)),
        alone("measured by an MQTT subscriber: service, 8 questions, ms per picture", of("service-8").map(r => r.ms.median)),
        alone("answers per minute, 1 question", of("service-1").map(r => r.answersPerMinute)),
        alone("answers per minute, 8 questions", of("service-8").map(r => r.answersPerMinute)),
    ];
}

function range(samples) {
    return samples.length === 1 ? number(samples[0]) : `${number(median(samples))} (${number(Math.min(...samples))}-${number(Math.max(...samples))})`;
}
