// Runs the examples of Deploy/node-red/examples.json in a real Node-RED, against a running service, and checks what they show.
//   npm install --prefix FOLDER node-red
//   node Tests/NodeRed/check.mjs FOLDER [HOST [PORT [BASE/NODE [CAMERA [QUESTION]]]]]
// Exits 0 when all of it happened, and prints what Node-RED saw. The question must change its state within a minute.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [home, host = '127.0.0.1', port = '1883', root = 'mobilevlm/demo', camera = 'gate', question = 'person'] =
  process.argv.slice(2);
if (!home) {
  console.error('Name the folder in which node-red was installed.');
  process.exit(2);
}

// The flow as a user imports it, changed as its own description says: the broker, and the topics.
const text = readFileSync(new URL('../../Deploy/node-red/examples.json', import.meta.url), 'utf8');
const flow = JSON.parse(text
  .replaceAll('mobilevlm/demo/gate/person', [root, camera, question].join('/'))
  .replaceAll('mobilevlm/demo/gate', [root, camera].join('/'))
  .replaceAll('mobilevlm/+', `${root.split('/')[0]}/+`));
Object.assign(flow.find((node) => node.type === 'mqtt-broker'), { broker: host, port });

// A user clicks the buttons; here they press themselves, one after the other.
['mvlm-ask', 'mvlm-off', 'mvlm-on'].forEach((id, i) =>
  Object.assign(flow.find((node) => node.id === id), { once: true, onceDelay: 3 + 4 * i }));
// What reaches a debug node is printed too, as one line of JSON behind a mark.
for (const debug of flow.filter((node) => node.type === 'debug')) {
  const id = `print-${debug.id}`;
  for (const node of flow.filter((it) => it.wires?.[0]?.includes(debug.id))) node.wires[0].push(id);
  flow.push({
    id, type: 'function', z: debug.z, x: 900, y: debug.y, outputs: 0, wires: [],
    func: `console.log("SEEN " + JSON.stringify({ at: ${JSON.stringify(debug.name)}, topic: msg.topic, `
      + 'payload: String(msg.payload).slice(0, 400), correlation: msg.correlationData ? msg.correlationData.toString() : undefined }));',
  });
}

const free = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: taken } = server.address();
    server.close(() => resolve(taken));
  });
});
const folder = mkdtempSync(join(tmpdir(), 'node-red-'));
writeFileSync(join(folder, 'flows.json'), JSON.stringify(flow));
writeFileSync(join(folder, 'settings.js'), `module.exports = { uiHost: "127.0.0.1", uiPort: ${free}, flowFile: "flows.json",
  telemetry: { enabled: false }, httpAdminRoot: false, logging: { console: { level: "warn" } } };`);
const red = spawn(process.execPath, [join(home, 'node_modules', 'node-red', 'red.js'), '-u', folder, '-s', join(folder, 'settings.js')]);

const seen = [];
let rest = '';
const expected = [
  ['it notifies about a change, with the text of the event', (m) => m.at === 'notification' && m.payload.length > 0],
  ['it asks and is answered, with its correlation data and a score', (m) => m.at === 'answer'
    && m.correlation && /^(yes|no|unknown) \([0-9.e-]+\)$/.test(m.payload)],
  ['it switches the question off', (m) => m.at === 'switch' && m.payload === 'OFF'],
  ['it switches the question on again', (m, i) => m.at === 'switch' && m.payload === 'ON'
    && seen.slice(0, i).some((e) => e.at === 'switch' && e.payload === 'OFF')],
];
const open = () => expected.filter(([, fits]) => !seen.some((m, i) => fits(m, i)));
const end = (code) => {
  for (const [what] of expected) {
    console.log(`${open().some(([other]) => other === what) ? 'NOT' : 'yes'}: ${what}`);
  }
  ended = true;
  process.exitCode = code;
  clearTimeout(limit);
  red.kill('SIGTERM');
};
const limit = setTimeout(() => end(1), 120_000);
let ended = false;
red.on('exit', (code) => {
  if (!ended) {
    console.error(`Node-RED ended by itself with ${code}.`);
    end(1);
  }
  rmSync(folder, { recursive: true, force: true });
});
red.stderr.pipe(process.stderr);
red.stdout.on('data', (data) => {
  rest += data;
  const lines = rest.split('\n');
  rest = lines.pop();
  for (const line of lines) {
    if (!line.startsWith('SEEN ')) {
      if (line.trim()) console.error(line);
      continue;
    }
    seen.push(JSON.parse(line.slice(5)));
    console.log(`${seen.at(-1).at}: ${seen.at(-1).payload}`);
    if (!ended && open().length === 0) {
      end(0);
    }
  }
});
