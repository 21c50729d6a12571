// A row is changed in PostgreSQL by plain SQL: how long until the callback of supabase-js, for every one of many subscribers,
// while a bulk sync brings thousands of rows from the CRM into the same table. Everything is accounted for: each subscriber
// must hear of every row and of every change, or the run fails. Once with each change told by itself, once with batches.
//   node live.mjs <lockstep> [subscribers] [rows]
import { fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, Program } from "../../tests/browser/stage.mjs";
import { Database } from "../../tests/realtime/database.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const [binary, subscribers = "100", rows = "10000"] = process.argv.slice(2);
const kPerProcess = 25;
const kEveryMs = 50;  // between two changes by SQL
const kKey = "key-of-the-bench-of-live-changes";

const configuration = (folder, crm, realtime) => `version: 1
server:
  listen: 127.0.0.1:0
  data: ${folder}/data
${realtime}access:
  api_keys: [{name: bench, key: {env: BENCH_KEY}, role: admin}]
sources:
  - id: main
    systems:
      crm: {connector: gohighlevel, location_id: ${crm.location_id}, base_url: ${crm.base_url}, token: {env: SANDBOX_TOKEN}, poll: {every: 1h, full_every: 24h}}
      db: {connector: postgres, url: {env: DATABASE_URL}}
    entities:
      contact:
        fields: {first_name: text, last_name: text, email: email, note: text}
        policy: {authority: [crm, db]}
        match: [email]
        systems:
          crm:
            object: contact
            creates: false
            fields: {first_name: {path: firstName, direction: read}, last_name: {path: lastName, direction: read}, email: {path: email, direction: read}}
          db: {object: people, fields: "*"}
`;

function told(child, what) {
  return new Promise((done, failed) => {
    child.once("exit", () => failed(new Error("a process of subscribers has ended")));
    child.on("message", function hear(message) {
      if (!(what in message)) return;
      child.off("message", hear);
      done(message[what]);
    });
  });
}

async function measure(name, realtime) {
  const folder = mkdtempSync(path.join(tmpdir(), "sql-live-"));
  const database = Database.start("crm-mirror");
  const groups = [];
  let server, sandbox, psql;
  try {
    database.sql(`create table people (id uuid primary key default gen_random_uuid(), first_name text, last_name text, email text, note text);
      insert into people (first_name, email) select 'By hand', 'hand' || n || '@sql.test' from generate_series(1, 20) n`);
    sandbox = new Program(binary, ["sandbox", "gohighlevel", "--contacts", "0", "--opportunities", "0"], { cwd: folder });
    await sandbox.line(/webhook_public_key: .*\n/);
    const crm = Object.fromEntries([...sandbox.output.matchAll(/^ {4}(\w+): (.*)$/gm)].map(([, key, value]) => [key, value]));
    writeFileSync(path.join(folder, "lockstep.yaml"), configuration(folder, crm, realtime));
    const env = { ...process.env, SANDBOX_TOKEN: JSON.parse(crm.token), DATABASE_URL: database.url, BENCH_KEY: kKey };
    const migrate = new Program(binary, ["migrate"], { cwd: folder, env });
    if ((await migrate.ended()) !== 0) throw new Error(migrate.output);
    server = new Program(binary, ["up"], { cwd: folder, env });
    const [, url] = await server.line(/listening on (http:\/\/\S+)/);
    const headers = { Authorization: `Bearer ${kKey}`, "Content-Type": "application/json" };
    const status = async () => (await fetch(`${url}/api/v1/sources/main/status`, { headers })).json();
    await eventually(async () => (await status()).counts.records === 20, "the rows of the table are known", 60_000);

    for (let left = Number(subscribers); left > 0; left -= kPerProcess) {
      const group = fork(path.join(here, "subscribers.mjs"), [url, kKey]);
      groups.push(group);
      group.send({ connect: Math.min(left, kPerProcess) });
      await told(group, "ready");
    }
    await fetch(`${JSON.parse(crm.base_url)}/_sandbox/seed`, { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ contacts: Number(rows), opportunities: 0, seed: 7, events: false }) });
    psql = spawn("psql", ["-X", "-q", "-d", database.url], { stdio: ["pipe", "ignore", "inherit"] });
    const began = Date.now();
    const ordered = await fetch(`${url}/api/v1/sources/main/jobs`, { method: "POST", headers, body: JSON.stringify({ system: "crm", kind: "mirror" }) });
    if (!ordered.ok) throw new Error(`no job: ${ordered.status} ${await ordered.text()}`);
    let changes = 0;
    let syncing = true;
    const synced = eventually(async () => Number(database.sql("select count(*) from people")) === 20 + Number(rows), "the bulk sync", 600_000).then(() => {
      syncing = false;
      return Date.now() - began;
    });
    while (syncing || changes < 20) {
      psql.stdin.write(`update people set note = 'sent-${changes}-${Date.now()}' where email = 'hand${(changes % 20) + 1}@sql.test';\n`);
      ++changes;
      await new Promise((done) => setTimeout(done, kEveryMs));
    }
    const syncMs = await synced;
    const results = await Promise.all(groups.map((group) => {
      const done = told(group, "done");
      group.send({ expect: { rows: Number(rows), changes } });
      return done;
    }));
    const delays = results.flatMap((one) => one.delays).sort((a, b) => a - b);
    const at = (share) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
    const sum = (key) => results.reduce((all, one) => all + one[key], 0);
    console.log(`${name}: ${subscribers} subscribers, ${rows} rows synced in ${syncMs} ms, ${changes} changes by SQL meanwhile: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
      `longest ${delays.at(-1)} ms; ${sum("messages")} messages; missing: ${sum("rowsMissing")} rows, ${sum("changesMissing")} changes`);
    return sum("rowsMissing") + sum("changesMissing") === 0;
  } finally {
    for (const group of groups) group.kill();
    psql?.stdin.end();
    await server?.stop();
    await sandbox?.stop();
    database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (!Database.installed()) {
  console.error("this needs PostgreSQL 15");
  process.exit(3);
}
const whole = [await measure("one by one", ""), await measure("in batches", "  realtime: {batch_above: 100, batch_every: 250ms}\n")];
process.exit(whole.every(Boolean) ? 0 : 1);
