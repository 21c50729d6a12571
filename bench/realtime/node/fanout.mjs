// One event to many subscribers: deliveries per second of the server's CPU, delay, memory of an idle connection. All three
// get each event by an HTTP request and send one message of the same size to each of the same subscribers, at the same pace:
//   committed  Lockstep, Socket.IO: a record that is made through the API, told once it is on the disk
//   broadcast  Lockstep, Supabase Realtime: a broadcast over HTTP, which is not kept
//   socket.io  a server of socket.io (npm): the same, not kept either
//   node fanout.mjs <lockstep> [subscribers...]
import { fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const [binary, ...counts] = process.argv.slice(2);
const kRuns = 3;  // of each, one after the other in turns
const kEventsMost = 200;
const kDeliveriesMost = 1_000_000;
const kSubscribersPerMs = 50;  // the pace: the next event after a millisecond for so many
const kMessageBytes = 500;     // as it stands in the websocket
const kTicksPerSecond = 100;
const kPerProcess = 2_500;  // a subscriber's process must not be what is measured

const cpuSeconds = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / kTicksPerSecond;
};
const memoryBytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1024;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function started(child) {
  return new Promise((done, failed) => {
    let text = "";
    const look = (bytes) => {
      text += bytes;
      const found = /listening on (http:\/\/\S+)/.exec(text);
      if (found) done(found[1]);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("exit", () => failed(new Error(text)));
  });
}

const told = (child, what) => new Promise((done) => child.on("message", function hear(message) {
  if (!message[what]) return;
  child.off("message", hear);
  done(message);
}));

const configuration = (folder) => `version: 1
server: {listen: "127.0.0.1:0", data: ${folder}/data, limits: {connections: 20000, connections_per_address: 20000}}
sources:
  - id: main
    systems: {db: {connector: sqlite, path: ${folder}/crm.db}}
    entities:
      contact:
        fields: {email: email, note: text}
        match: [email]
        systems: {db: {object: contacts, creates: false, fields: {note: {path: note, direction: read}}}}
`;

async function lockstep(folder) {
  writeFileSync(path.join(folder, "lockstep.yaml"), configuration(folder));
  await new Promise((done) => spawn(binary, ["migrate"], { cwd: folder }).once("exit", done));
  const child = spawn(binary, ["up"], { cwd: folder });
  return { child, url: await started(child) };
}

const note = (padding) => `sent-${Date.now()} ${"x".repeat(padding)}`;
const servers = {
  async committed(folder) {
    return { ...await lockstep(folder), address: "/api/v1/sources/main/records", protocol: "socket.io", topic: "records:main",
      body: (i, padding) => ({ entity: "contact", fields: { email: `p${String(i).padStart(4, "0")}.${Date.now()}@example.com`, note: note(padding) } }) };
  },
  async broadcast(folder) {
    return { ...await lockstep(folder), address: "/realtime/v1/api/broadcast", protocol: "phoenix", topic: "orders",
      body: (_, padding) => ({ messages: [{ topic: "orders", event: "entry", payload: { note: note(padding) } }] }) };
  },
  async "socket.io"() {
    const child = spawn(process.execPath, [path.join(here, "peer.mjs")]);
    return { child, url: await started(child), address: "/emit", protocol: "socket.io", topic: "records:main", body: (_, padding) => ({ note: note(padding) }) };
  },
};

async function post(server, i, padding) {
  const answer = await fetch(server.url + server.address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(server.body(i, padding)) });
  await answer.text();
  if (!answer.ok) throw new Error(`${server.address}: ${answer.status}`);
}

// What one more subscriber gets, without padding, says how much is needed.
async function fit(server) {
  const one = fork(path.join(here, "subscribers.mjs"), [server.url, server.protocol, server.topic]);
  const connected = told(one, "ready");
  one.send({ connect: 1 });
  await connected;
  const watching = told(one, "ready");
  one.send({ watch: 1 });
  await watching;
  const done = told(one, "done");
  await post(server, 0, 0);
  const { bytes } = await done;
  one.kill();
  return kMessageBytes - bytes;
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

async function measure(name, subscribers) {
  const folder = mkdtempSync(path.join(tmpdir(), "fanout-"));
  const server = await servers[name](folder);
  const events = Math.min(kEventsMost, Math.floor(kDeliveriesMost / subscribers));
  const groups = [];
  try {
    const padding = await fit(server);
    const before = memoryBytes(server.child.pid);
    for (let left = subscribers; left > 0; left -= kPerProcess) {
      const group = fork(path.join(here, "subscribers.mjs"), [server.url, server.protocol, server.topic]);
      groups.push(group);
      const ready = told(group, "ready");
      group.send({ connect: Math.min(left, kPerProcess) });
      await ready;
    }
    await pause(3000);
    const idle = (memoryBytes(server.child.pid) - before) / subscribers;
    for (const group of groups) {
      const ready = told(group, "ready");
      group.send({ watch: events });
      await ready;
    }
    const all = Promise.all(groups.map((group) => told(group, "done")));
    const cpu = cpuSeconds(server.child.pid);
    const began = Date.now();
    const answers = [];
    for (let i = 1; i <= events; ++i) {
      const asked = performance.now();
      await post(server, i, padding);
      answers.push(performance.now() - asked);
      // So that the delay is that of one event, not of a queue.
      await pause(Math.max(0, began + i * (subscribers / kSubscribersPerMs) - Date.now()));
    }
    const results = await all;  // each subscriber has had every event
    const used = cpuSeconds(server.child.pid) - cpu;
    const deliveries = results.reduce((sum, { deliveries }) => sum + deliveries, 0);
    if (deliveries !== events * subscribers) throw new Error(`${deliveries} messages, not ${events} for each of ${subscribers}`);
    const sizes = results.map((one) => one.bytes / one.deliveries);
    if (sizes.some((size) => Math.abs(size - kMessageBytes) > 5)) throw new Error(`messages of ${sizes} bytes, not ${kMessageBytes}`);
    const delays = results.flatMap(({ delays }) => delays).sort((a, b) => a - b);
    answers.sort((a, b) => a - b);
    return { "deliveries/CPU-s": Math.round(deliveries / used), "p50 ms": quantile(delays, 0.5), "p99 ms": quantile(delays, 0.99),
      "answer p50 ms": Math.round(quantile(answers, 0.5) * 10) / 10, "KiB per idle": Math.round((idle / 1024) * 10) / 10 };
  } finally {
    for (const group of groups) group.kill();
    server.child.kill();
    await new Promise((done) => server.child.once("exit", done));
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const count of counts.length > 0 ? counts.map(Number) : [1_000, 10_000]) {
  const runs = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  for (let i = 0; i < kRuns; ++i) {
    for (const name of Object.keys(servers)) runs[name].push(await measure(name, count));
  }
  console.log(`${count} subscribers, median (least to most) of ${kRuns} runs; load ${loadavg()[0].toFixed(1)}`);
  for (const [name, all] of Object.entries(runs)) {
    const spread = Object.keys(all[0]).map((key) => {
      const values = all.map((run) => run[key]).sort((a, b) => a - b);
      return `${key} ${values[Math.floor(values.length / 2)]} (${values[0]} to ${values.at(-1)})`;
    });
    console.log(`  ${name.padEnd(10)} ${spread.join(", ")}`);
  }
}
