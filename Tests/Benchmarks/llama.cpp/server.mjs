// Measures llama.cpp end to end, through its server and llama-bench, at what 'mobilevlm bench' measures, and prints a JSON
// document that 'mobilevlm bench --compare-to' reads.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { arch, cpus, release } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { newPicture } from "./pictures.mjs";
import { questions } from "./questions.mjs";
import { spread } from "./statistics.mjs";

export const options = {
    server: { type: "string" },
    bench: { type: "string" },
    lm: { type: "string" },
    mmproj: { type: "string" },
    threads: { type: "string" },
    pictures: { type: "string", default: "2" },
    "server-args": { type: "string", default: "" },
    "no-one-by-one": { type: "boolean", default: false },
    parallel: { type: "boolean", default: false },
};
const usage = `usage: node server.mjs --server llama-server --lm lm.gguf --mmproj mmproj.gguf [--bench llama-bench]
    [--threads N] [--pictures N] [--server-args "..."] [--no-one-by-one] [--parallel]`;

// The prompt that MobileVLM was trained with.
const before = "A chat between a curious user and an artificial intelligence assistant. "
    + "The assistant gives helpful, detailed, and polite answers to the user's questions. USER: ";
const after = question => `\n${question} ASSISTANT:`;
const [prefillTokens, decodeSteps, textTokens, pictureTokens] = [200, 32, 32, 144];

/** Measures with the given options and returns the document. */
export async function measure(values) {
    for (const name of ["server", "lm", "mmproj"]) {
        if (!values[name]) throw new Error(`--${name} is missing.\n${usage}`);
    }
    const threads = values.threads ? ["--threads", values.threads] : [];
    const commands = [];
    const server = await Server.start(
        values.server, ["--model", values.lm, "--mmproj", values.mmproj, ...threads, ...values["server-args"].split(" ").filter(Boolean)], commands);
    let results, memory;
    try {
        results = await throughServer(server, values);
        memory = server.memory();
    } finally {
        await server.stop();
    }
    if (values.bench) results.push(...llamaBench(values, threads, commands));
    return {
        tool: "llama.cpp",
        box: {
            cpu: cpus()[0].model, architecture: arch(), processors: cpus().length, instructions: instructions(), kernel: release(),
            program: version(values.server),
        },
        model: {
            name: basename(values.lm), path: values.lm,
            precision: { vision: quantization(values.mmproj), decoder: quantization(values.lm) },
            visionBytes: statSync(values.mmproj).size, decoderBytes: statSync(values.lm).size,
        },
        threads: +(values.threads ?? cpus().length),
        repeats: +values.pictures,
        results,
        memory,
        commands,
        warnings: [],
    };
}

async function throughServer(server, values) {
    const pictures = +values.pictures;
    const samples = { encode: [], first: [], "questions-8": [], further: [], "questions-8-parallel": [], "questions-8-one-by-one": [], text: [] };
    // One picture that does not count.
    const warm = newPicture();
    await server.ask(warm, questions[0]);
    await server.ask(warm, questions[1]);

    for (let i = 0; i < pictures; i++) {
        const picture = newPicture();
        const started = performance.now();
        const first = await server.ask(picture, questions[0]);
        if (first.timings.cache_n >= pictureTokens) throw new Error("The server answered for a new picture from its cache.");
        if (first.encode) samples.encode.push(first.encode);
        samples.first.push(first.elapsed);
        for (const question of questions.slice(1)) {
            const further = await server.ask(picture, question);
            if (further.timings.cache_n < pictureTokens) throw new Error("The server did not use its prompt cache for the same picture.");
            samples.further.push(further.elapsed);
        }
        samples["questions-8"].push(performance.now() - started);
        samples.text.push((await server.ask(picture, "Describe the picture.", { n_predict: textTokens, ignore_eos: true })).elapsed);
    }

    // The first question, then the rest at once in the server's parallel slots. Each slot encodes the picture again, so this is slower.
    for (let i = 0; values.parallel && i < pictures; i++) {
        const picture = newPicture();
        const started = performance.now();
        await server.ask(picture, questions[0]);
        await Promise.all(questions.slice(1).map(question => server.ask(picture, question)));
        samples["questions-8-parallel"].push(performance.now() - started);
    }

    if (!values["no-one-by-one"]) {
        const picture = newPicture();
        const started = performance.now();
        for (const question of questions) await server.ask(picture, question, { cache_prompt: false });
        samples["questions-8-one-by-one"].push(performance.now() - started);
    }

    const result = (name, title, count, counted) => samples[name].length === 0 ? [] : [row(name, title, samples[name], count, counted)];
    const of8 = result("questions-8", "8 yes/no on a new picture, prompt cache", 8, "answers")[0];
    of8.furtherMs = spread(samples.further).median;
    of8.furtherShare = of8.furtherMs / spread(samples.first).median;
    return [
        ...result("encode", "image encode", 1, "pictures"),
        ...result("first", "first yes/no on a new picture", 1, "pictures"),
        of8,
        ...result("questions-8-parallel", "the same, 7 of them in parallel slots", 8, "answers"),
        ...result("questions-8-one-by-one", "8 yes/no one by one, no prompt cache", 8, "answers"),
        ...result("text", `text of ${textTokens} tokens`, textTokens, "tokens"),
    ];
}

function llamaBench(values, threads, commands) {
    const run = (...what) => {
        const args = ["-m", values.lm, ...threads, "-r", `${Math.max(2, +values.pictures)}`, ...what, "-o", "json"];
        commands.push([basename(values.bench), ...args.map(a => a === values.lm ? basename(a) : a)].join(" "));
        return JSON.parse(execFileSync(values.bench, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }))[0];
    };
    const prefill = run("-p", `${prefillTokens}`, "-n", "0");
    const decode = run("-p", "0", "-n", `${decodeSteps}`, "-d", `${prefillTokens}`);
    return [
        row("prefill", `prefill, ${prefillTokens} tokens`, prefill.samples_ns.map(ns => ns / 1e6), prefillTokens, "tokens"),
        row("decode-1", "decode, batch 1", decode.samples_ns.map(ns => ns / 1e6 / decodeSteps), 1, "tokens"),
    ];
}

function row(name, title, samples, count, counted) {
    const ms = spread(samples);
    return { name, title, ms, perSecond: 1000 * count / ms.median, counted };
}

class Server {
    #process;
    #url;
    #marker;
    // When the log reported that encoding began, and when it reported that the picture's tokens are decoded.
    #encode = {};

    static async start(path, args, commands) {
        const server = new Server();
        const port = await freePort();
        // Level 4 reports when a picture's encoding begins; everything else is the default.
        const all = [...args, "--host", "127.0.0.1", "--port", `${port}`, "--log-verbosity", "4"];
        commands.push([basename(path), ...all.map(a => a.includes("/") ? basename(a) : a)].join(" "));
        server.#url = `http://127.0.0.1:${port}`;
        server.#process = spawn(path, all, { stdio: ["ignore", "pipe", "pipe"] });
        const log = [];
        let ended = false;
        server.#process.on("error", e => { ended = true; log.push(`${e}`); });
        server.#process.on("exit", () => { ended = true; });
        for (const stream of [server.#process.stdout, server.#process.stderr]) {
            stream.on("data", data => {
                const now = performance.now();
                const text = data.toString();
                if (text.includes("encoding mtmd batch")) server.#encode = { begin: now };
                if (text.includes("decoding image batch")) server.#encode.end ??= now;
                if (log.length < 200) log.push(text);
            });
        }
        for (;;) {
            if (ended) throw new Error(`${path} ended:\n${log.join("")}`);
            const health = await fetch(`${server.#url}/health`).catch(() => undefined);
            if (health?.ok) break;
            await new Promise(resolve => setTimeout(resolve, 100));
        }
        server.#marker = (await (await fetch(`${server.#url}/props`)).json()).media_marker;
        return server;
    }

    /** Asks one question: one token is decoded, unless others are given. Returns the elapsed milliseconds and the server's timings. */
    async ask(picture, question, others = {}) {
        this.#encode = {};
        const body = JSON.stringify({
            prompt: { prompt_string: before + this.#marker + after(question), multimodal_data: [picture.toString("base64")] },
            n_predict: 1, temperature: 0, cache_prompt: true, ...others,
        });
        const started = performance.now();
        const response = await fetch(`${this.#url}/completion`, { method: "POST", body, headers: { "content-type": "application/json" } });
        const answer = await response.json();
        const elapsed = performance.now() - started;
        if (!response.ok) throw new Error(JSON.stringify(answer));
        const { begin, end } = this.#encode;
        return { elapsed, timings: answer.timings, encode: begin && end ? end - begin : undefined };
    }

    /** Memory in bytes: resident now and at most, as the kernel counts it. */
    memory() {
        const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
        const bytes = name => 1024 * +(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
        return { resident: bytes("VmRSS"), peak: bytes("VmHWM"), notMapped: bytes("RssAnon") };
    }

    async stop() {
        if (this.#process.exitCode !== null) return;
        const exited = new Promise(resolve => this.#process.once("exit", resolve));
        this.#process.kill("SIGTERM");
        await exited;
    }
}

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

function version(server) {
    const { stderr, stdout } = captured(server, ["--version"]);
    const text = stderr + stdout;
    return `llama.cpp ${/version: (.*)/.exec(text)?.[1] ?? "?"}, ${/built with .*/.exec(text)?.[0] ?? "compiler unknown"}`;
}

function captured(command, args) {
    try {
        return { stdout: execFileSync("/bin/sh", ["-c", '"$0" "$@" 2>&1', command, ...args], { encoding: "utf8" }), stderr: "" };
    } catch (e) {
        return { stdout: e.stdout ?? "", stderr: e.stderr ?? "" };
    }
}

// The type that most weights of a GGUF file have, by its general.file_type.
function quantization(path) {
    const head = Buffer.alloc(1 << 16);
    const file = openSync(path);
    readSync(file, head);
    closeSync(file);
    const at = head.indexOf("general.file_type");
    const type = at < 0 ? -1 : head.readUInt32LE(at + "general.file_type".length + 4);
    return { 0: "F32", 1: "F16", 2: "Q4_0", 7: "Q8_0", 32: "BF16" }[type] ?? `file type ${type}`;
}

function instructions() {
    try {
        const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].trim().split(/\s+/));
        return ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8"].filter(flag => flags.has(flag));
    } catch {
        return [];
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    try {
        console.log(JSON.stringify(await measure(parseArgs({ options }).values)));
    } catch (e) {
        console.error(e.message);
        process.exit(1);
    }
}
