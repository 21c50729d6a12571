// Clients of supabase-js in one process. Told by its parent: {connect: n}, {expect: {rows, changes}}; tells {ready}, and {done}
// once everything was heard, or nothing more comes.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/realtime/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");
const WebSocket = require("ws");

const [url, key] = process.argv.slice(2);
const kQuietMs = 5_000;
const clients = [];
let heardLast = Date.now();

async function subscribe() {
  const own = { rows: new Set(), changes: new Map(), messages: 0 };
  clients.push(own);
  const take = ({ table, operation, new: row }) => {
    if (table !== "people") return;
    if (operation === "INSERT") own.rows.add(row.id);
    const sent = /^sent-(\d+)-(\d+)$/.exec(row?.note ?? "");
    if (operation === "UPDATE" && sent && !own.changes.has(Number(sent[1]))) own.changes.set(Number(sent[1]), Date.now() - Number(sent[2]));
  };
  const hear = (all) => {
    ++own.messages;
    heardLast = Date.now();
    all.forEach(take);
  };
  const client = createClient(url, key, { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } });
  const channel = client.channel("ghl:main");
  for (const event of ["INSERT", "UPDATE"]) channel.on("broadcast", { event }, ({ payload }) => hear([payload]));
  channel.on("broadcast", { event: "ROWS" }, ({ payload }) => hear(payload.rows));
  await new Promise((done, failed) => channel.subscribe((status) => (status === "SUBSCRIBED" ? done() : failed(new Error(status)))));
}

const rowsMissing = ({ rows }, expected) => expected.rows - rows.size;
const changesMissing = ({ changes }, expected) => expected.changes - changes.size;

process.on("message", async ({ connect, expect }) => {
  if (connect) {
    await Promise.all(Array.from({ length: connect }, subscribe));
    process.send({ ready: true });
    return;
  }
  while (Date.now() - heardLast < kQuietMs && clients.some((one) => rowsMissing(one, expect) + changesMissing(one, expect) > 0)) {
    await new Promise((done) => setTimeout(done, 100));
  }
  const sum = (of) => clients.reduce((all, one) => all + of(one, expect), 0);
  process.send({ done: { delays: clients.flatMap(({ changes }) => [...changes.values()]), messages: sum(({ messages }) => messages),
    rowsMissing: sum(rowsMissing), changesMissing: sum(changesMissing) } });
});
