// An independent stopwatch for MobileVlm.Edge: runs the service with a moving test camera, receives its answers over MQTT as any
// subscriber does, and counts them by its own clock. Prints answers per minute for 1 and for 8 questions, and milliseconds per picture,
// which is what 'mobilevlm bench' calls 'first yes/no' and '8 yes/no on a new picture', plus everything that a service does.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { questions } from "./questions.mjs";
import { spread } from "./statistics.mjs";

const usage = `usage: node service.mjs --mobilevlm PATH --model DIR [--pictures N] [--suffix TEXT]
--suffix replaces the instruction that the model's manifest has the service append to each question; '' asks without one.`;

export async function measureService({ mobilevlm, model, pictures = "6", suffix }) {
    if (!mobilevlm || !model) throw new Error(usage);
    const results = [];
    for (const count of [1, 8]) results.push(await measure(mobilevlm, model, count, +pictures, suffix));
    return { tool: "service.mjs", results };
}

async function measure(mobilevlm, model, count, pictures, suffix) {
    const folder = mkdtempSync(join(tmpdir(), "mobilevlm-stopwatch-"));
    const port = await freePort();
    const config = join(folder, "config.json");
    writeFileSync(config, JSON.stringify({
        MobileVlm: {
            Node: "stopwatch",
            Model: { Path: model },
            Mqtt: { Broker: "embedded", Port: port },
            Cameras: {
                test: {
                    Source: "pattern:640x480@30",
                    // Each picture is asked about anew, and as often as there is time.
                    Gate: false,
                    Questions: Object.fromEntries(questions.slice(0, count).map((text, i) =>
                        [`q${i}`, { Ask: text, Answer: "YesNo", Every: "00:00:00", Suffix: suffix }])),
                },
            },
        },
    }));
    const service = spawn(mobilevlm, ["run", "--config", config], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "", ended = false, socket;
    service.stderr.on("data", data => log = (log + data).slice(-4000));
    service.on("exit", () => ended = true);
    service.on("error", e => { ended = true; log += e; });
    try {
        // A picture is complete when all its questions have been answered; the first two do not count.
        const complete = [];
        let answers = 0;
        await new Promise((resolve, reject) => {
            const watch = setInterval(() => ended && reject(new Error(`The service ended:\n${log}`)), 200);
            const begin = () => {
                socket = connect(port, "127.0.0.1", () => subscribe(socket, topic => {
                    if (!/\/test\/q\d+\/answer$/.test(topic) || ++answers % count !== 0) return;
                    complete.push(performance.now());
                    if (complete.length >= pictures + 2) {
                        clearInterval(watch);
                        resolve();
                    }
                }));
                socket.on("error", () => ended || setTimeout(begin, 200));
            };
            begin();
        });
        const times = complete.slice(2).map((at, i) => at - complete[i + 1]);
        const ms = spread(times);
        const minutes = (complete.at(-1) - complete[1]) / 60000;
        return {
            name: count === 1 ? "service-1" : `service-${count}`, title: `service, ${count} yes/no on each picture`, ms,
            perSecond: count * times.length / minutes / 60, answersPerMinute: count * times.length / minutes, counted: "answers",
        };
    } finally {
        socket?.destroy();
        if (!ended) {
            const exited = new Promise(resolve => service.once("exit", resolve));
            service.kill("SIGTERM");
            await exited;
        }
        rmSync(folder, { recursive: true, force: true });
    }
}

// As much of MQTT 3.1.1 as a subscriber with quality of service 0 needs.
function subscribe(socket, received) {
    const text = value => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
    const packet = (type, ...parts) => {
        const body = Buffer.concat(parts);
        return Buffer.concat([Buffer.from([type, body.length]), body]);
    };
    socket.write(packet(0x10, text("MQTT"), Buffer.from([4, 2, 0, 0]), text("stopwatch")));
    socket.write(packet(0x82, Buffer.from([0, 1]), text("mobilevlm/stopwatch/+/+/answer"), Buffer.from([0])));
    let pending = Buffer.alloc(0);
    socket.on("data", data => {
        pending = Buffer.concat([pending, data]);
        for (;;) {
            let length = 0, at = 1, shift = 0;
            do {
                if (at >= pending.length) return;
                length |= (pending[at] & 0x7f) << shift;
                shift += 7;
            } while (pending[at++] & 0x80);
            if (pending.length < at + length) return;
            if (pending[0] >> 4 === 3) received(pending.subarray(at + 2, at + 2 + pending.readUInt16BE(at)).toString());
            pending = pending.subarray(at + length);
        }
    });
}

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { values } = parseArgs({ options: { mobilevlm: { type: "string" }, model: { type: "string" }, pictures: { type: "string" }, suffix: { type: "string" } } });
    try {
        console.log(JSON.stringify(await measureService(values)));
    } catch (e) {
        console.error(e.message);
        process.exit(1);
    }
}
