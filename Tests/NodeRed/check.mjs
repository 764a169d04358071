// Starts a real Node-RED with a flow that watches, asks and switches, and checks what it sees.
//   npm install --prefix FOLDER node-red
//   node Tests/NodeRed/check.mjs FOLDER [HOST [PORT [BASE/NODE [CAMERA [QUESTION]]]]]
// Exits 0 when all of it happened, and prints what Node-RED saw.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [home, host = '127.0.0.1', port = '1883', root = 'mobilevlm/edge-1', camera = 'gate', question = 'person'] =
  process.argv.slice(2);
if (!home) {
  console.error('Name the folder in which node-red was installed.');
  process.exit(2);
}

const topic = (...levels) => [root, camera, ...levels].join('/');
const broker = {
  id: 'broker', type: 'mqtt-broker', name: '', broker: host, port, clientid: '', autoConnect: true, usetls: false,
  protocolVersion: '5', keepalive: '60', cleansession: true,
};
const tab = { id: 'tab', type: 'tab', label: 'MobileVlm' };
let at = 0;
const node = (type, more) => ({ id: `${type.replace(' ', '-')}-${at++}`, type, z: 'tab', x: 100, y: 40 * at, ...more });

// Everything that comes in is printed as one line of JSON behind a mark.
const print = node('function', {
  id: 'print', outputs: 0, wires: [],
  func: 'console.log("SEEN " + JSON.stringify({ topic: msg.topic, payload: String(msg.payload).slice(0, 400), '
    + 'correlation: msg.correlationData ? msg.correlationData.toString() : undefined }));',
});
const watch = (watched) => node('mqtt in', { topic: watched, qos: '1', datatype: 'utf8', broker: 'broker', inputs: 0, wires: [['print']] });
const out = node('mqtt out', { id: 'out', topic: '', qos: '1', retain: 'false', broker: 'broker', wires: [] });
const send = (after, func) => {
  const wrap = node('function', { func, outputs: 1, wires: [['out']] });
  const tick = node('inject', { props: [], once: true, onceDelay: after, repeat: '', wires: [[wrap.id]] });
  return [tick, wrap];
};
const flow = [
  tab, broker, print, out,
  watch(topic(question, 'state')), watch(topic(question, 'enabled')), watch('replies/node-red'),
  ...send(2, `return { topic: ${JSON.stringify(topic('ask'))}, responseTopic: "replies/node-red", `
    + 'correlationData: Buffer.from("flow-1"), payload: { id: "nr", question: "Is there a person?", answer: "YesNo" } };'),
  ...send(5, `return { topic: ${JSON.stringify(topic(question, 'enabled', 'set'))}, payload: "OFF" };`),
  ...send(9, `return { topic: ${JSON.stringify(topic(question, 'enabled', 'set'))}, payload: "ON" };`),
];

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
  ['it watches the state', (m) => m.topic === topic(question, 'state')],
  ['it asks and is answered, with its correlation data', (m) => m.topic === 'replies/node-red'
    && m.correlation === 'flow-1' && JSON.parse(m.payload).status === 'answered'],
  ['it switches the question off', (m) => m.topic === topic(question, 'enabled') && m.payload === 'OFF'],
  ['it switches the question on again', (m, i) => m.topic === topic(question, 'enabled') && m.payload === 'ON'
    && seen.slice(0, i).some((e) => e.topic === m.topic && e.payload === 'OFF')],
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
const limit = setTimeout(() => end(1), 60_000);
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
    console.log(`${seen.at(-1).topic} ${seen.at(-1).payload}`);
    if (!ended && open().length === 0) {
      end(0);
    }
  }
});
