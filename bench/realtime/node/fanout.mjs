// One event to many subscribers: deliveries per second of the server's CPU, delay, memory of an idle connection; Lockstep and
// a server of socket.io, one after the other, with the same subscribers. Both get each event by an HTTP request; Lockstep
// commits it to its store first.
//   node fanout.mjs <lockstep> [subscribers...]
import { fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const [binary, ...counts] = process.argv.slice(2);
const kEvents = 200;
const kEventBytes = 500;
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

const servers = {
  async lockstep(folder) {
    writeFileSync(path.join(folder, "lockstep.yaml"), `version: 1
server: {listen: "127.0.0.1:0", data: ${folder}/data, limits: {connections: 20000, connections_per_address: 20000}}
sources:
  - id: main
    systems: {db: {connector: sqlite, path: ${folder}/crm.db}}
    entities:
      contact:
        fields: {email: email, note: text}
        match: [email]
        systems: {db: {object: contacts, fields: "*"}}
`);
    await new Promise((done) => spawn(binary, ["migrate"], { cwd: folder }).once("exit", done));
    const child = spawn(binary, ["up"], { cwd: folder });
    return { child, url: await started(child), address: "/api/v1/sources/main/records",
      body: (i) => ({ entity: "contact", fields: { email: `p${i}.${Date.now()}@example.com`, note: `sent-${Date.now()} ${"x".repeat(kEventBytes - 330)}` } }) };
  },
  async "socket.io"() {
    const child = spawn(process.execPath, [path.join(here, "peer.mjs")]);
    return { child, url: await started(child), address: "/emit", body: () => ({ note: `sent-${Date.now()} ${"x".repeat(kEventBytes - 50)}` }) };
  },
};

async function measure(name, subscribers) {
  const folder = mkdtempSync(path.join(tmpdir(), "fanout-"));
  const server = await servers[name](folder);
  const groups = [];
  try {
    const before = memoryBytes(server.child.pid);
    for (let left = subscribers; left > 0; left -= kPerProcess) {
      const group = fork(path.join(here, "subscribers.mjs"), [server.url]);
      groups.push(group);
      const ready = told(group, "ready");
      group.send({ connect: Math.min(left, kPerProcess) });
      await ready;
    }
    await pause(3000);
    const idle = (memoryBytes(server.child.pid) - before) / subscribers;
    for (const group of groups) {
      const ready = told(group, "ready");
      group.send({ watch: kEvents });
      await ready;
    }
    const all = Promise.all(groups.map((group) => told(group, "done")));
    const cpu = cpuSeconds(server.child.pid);
    const began = Date.now();
    for (let i = 0; i < kEvents; ++i) {
      await fetch(server.url + server.address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(server.body(i)) });
      // So that the delay is that of one event, not of a queue.
      await pause(Math.max(0, began + (i + 1) * (subscribers / 50) - Date.now()));
    }
    const results = await all;  // each subscriber has had every event
    const delays = results.flatMap(({ delays }) => delays).sort((a, b) => a - b);
    const deliveries = results.reduce((sum, { deliveries }) => sum + deliveries, 0);
    const used = cpuSeconds(server.child.pid) - cpu;
    const at = (share) => delays[Math.floor(delays.length * share)];
    console.log(`${name.padEnd(10)} ${String(subscribers).padStart(6)} subscribers: ${Math.round(deliveries / used)} deliveries per CPU-second ` +
      `(${((used * 1e6) / deliveries).toFixed(2)} us each), p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${(idle / 1024).toFixed(1)} KiB per idle connection`);
  } finally {
    for (const group of groups) group.kill();
    server.child.kill();
    await new Promise((done) => server.child.once("exit", done));
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const count of counts.length > 0 ? counts.map(Number) : [1_000, 10_000]) {
  for (const name of Object.keys(servers)) await measure(name, count);
}
