// Many listeners, bad listeners, lost connections: what the mirror and its messages make of them.
import { io } from "socket.io-client";
import WebSocket from "ws";
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { atRest, poll } from "./live_checks.mjs";
import { anonKey, operatorKey, sourceA, tokenOf } from "./mirror_stage.mjs";
import { dashboard } from "./rest_checks.mjs";
import { subscribed } from "./supabase_checks.mjs";

const topic = `ghl:${sourceA}`;

// A channel of Supabase Realtime on a bare websocket, so that a thousand of them are cheap and one can behave badly.
function joined(play, { vsn = "1.0.0", name = topic } = {}) {
  const socket = new WebSocket(`${play.stage.url.replace("http", "ws")}/realtime/v1/websocket?vsn=${vsn}&apikey=${anonKey()}`);
  play.opened({ disconnect: () => socket.terminate() });
  return new Promise((done, failed) => {
    socket.on("error", failed).once("close", (code) => failed(new Error(`closed: ${code}`)));
    socket.on("open", () => socket.send(JSON.stringify({ topic: `realtime:${name}`, event: "phx_join", ref: "1", join_ref: "1", payload: { config: {}, access_token: tokenOf("viewer") } })));
    socket.on("message", function first(bytes) {
      const { event, payload } = JSON.parse(bytes);
      if (event !== "phx_reply") return;
      socket.off("message", first);
      if (payload.status === "ok") done(socket);
      else failed(new Error(`refused: ${bytes}`));
    });
  });
}

// Opened some at a time: what is measured is not how fast doors open.
async function many(count, open) {
  const all = [];
  while (all.length < count) all.push(...(await Promise.all(Array.from({ length: Math.min(50, count - all.length) }, open))));
  return all;
}

const contactsOf = (stage, where) => Number(stage.sql(`select count(*) from ghl_contacts where source_id = '${sourceA}' and deleted_at is null and ${where}`));
let seeds = 1000;
const seed = (stage, contacts) => stage.control("A", "POST", "seed", { contacts, opportunities: 0, seed: ++seeds, events: false });

// Contacts that somebody edits in the CRM, which tells by webhook.
async function contacts(stage, count) {
  const { webhooks } = await stage.control("A", "GET", "webhooks");
  if (webhooks.length === 0) await stage.control("A", "POST", "webhooks", { url: `${stage.url}/hooks/${sourceA}/crm` });
  return (await stage.control("A", "GET", `contacts?limit=${count}`)).contacts.map(({ id }) => id);
}
const name = (stage, id, firstName) => stage.control("A", "PUT", `contacts/${id}`, { firstName });

const p = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

export const loadChecks = [
  ["CM_043_from_commit_to_client_in_less_than_500_ms_with_100_clients", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const told = new Map();  // by name: when each client has heard of it
    await many(100, async () => {
      const channel = dashboard(play, "viewer").channel(topic).on("broadcast", { event: "UPDATE" }, ({ payload }) => told.get(payload.new.first_name)?.push([Date.now(), payload.new.id]));
      same(await subscribed(channel), "SUBSCRIBED", "a client");
    });
    const all = await contacts(stage, 20);
    const took = [];
    for (let round = 0; round < 40; ++round) {
      const text = `Measured ${round}`;
      told.set(text, []);
      await name(stage, all[round % all.length], text);
      await eventually(() => told.get(text).length >= 100, `change ${round} reaches all`);
      // The time at which the transaction began that wrote the row: not after its commit.
      const [[, row]] = told.get(text);
      const [was, at] = stage.sql(`select first_name, extract(epoch from mirrored_at) * 1000 from ghl_contacts where id = '${row}'`).split("|");
      same(was, text, "the row");
      for (const [heard] of told.get(text)) took.push(heard - Number(at));
    }
    took.sort((a, b) => a - b);
    console.log(`  ${took.length} deliveries: p50 ${p(took, 0.5).toFixed(0)} ms, p95 ${p(took, 0.95).toFixed(0)} ms, p99 ${p(took, 0.99).toFixed(0)} ms`);
    same(took.length, 4000, "every client hears every change, once");
    holds(p(took, 0.95) < 500, `p95 is ${p(took, 0.95)} ms`);
  }],

  ["CM_047_1000_subscriptions_in_one_process", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const heard = new Map();
    const sockets = await many(1000, () => joined(play));
    const mine = dashboard(play, "viewer").channel(topic).on("broadcast", { event: "UPDATE" }, ({ payload }) => heard.set("supabase-js", [...(heard.get("supabase-js") ?? []), payload.new.first_name]));
    same(await subscribed(mine), "SUBSCRIBED", "a client of supabase-js");
    for (const [at, socket] of sockets.entries()) {
      heard.set(at, []);
      socket.on("message", (bytes) => {
        const { event, payload } = JSON.parse(bytes);
        if (event === "broadcast" && payload.event === "UPDATE") heard.get(at).push(payload.payload.new.first_name);
      });
    }
    const names = Array.from({ length: 5 }, (_, n) => `Thousand ${n}`);
    const [contact] = await contacts(stage, 1);
    for (const one of names) {
      const began = Date.now();
      await name(stage, contact, one);
      await eventually(() => [...heard.values()].every((list) => list.includes(one)), `${one} reaches all`, 30_000);
      console.log(`  1001 have heard it after ${Date.now() - began} ms`);
    }
    await pause(200);
    same(heard.size, 1001, "listeners");
    for (const list of heard.values()) same(list, names, "each change once, in order");
    same(sockets.filter((socket) => socket.readyState !== WebSocket.OPEN).length, 0, "connections lost");
  }],

  ["CM_044_trouble_with_listeners_never_blocks_or_undoes_a_write", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const sync = async (contacts) => {
      const before = contactsOf(stage, "true");
      await seed(stage, contacts);
      const began = Date.now();
      const { count, failed } = await poll(stage, "contacts");
      const ms = Date.now() - began;
      holds(count >= contacts && !failed, `${count} of ${contacts} are synced, ${failed} failed`);
      same(contactsOf(stage, "true"), before + contacts, "rows");
      return ms;
    };
    const alone = await sync(600);
    // Joined, and then never read again: what is sent to them piles up.
    const deaf = await many(40, () => joined(play));
    for (const socket of deaf) socket.pause();
    const silent = await many(10, async () => {
      const socket = play.opened(io(stage.url, { auth: { token: tokenOf("viewer"), topics: [topic] }, forceNew: true, transports: ["websocket"], reconnection: false }));
      await new Promise((done) => socket.once("connect", done));
      socket.io.engine.transport.ws.pause?.();
      return socket;
    });
    // As many channels on one connection as it may have, and then more.
    const greedy = await joined(play);
    for (let n = 0; n < 300; ++n) greedy.send(JSON.stringify({ topic: `realtime:room-${n}`, event: "phx_join", ref: `${n}`, join_ref: `${n}`, payload: { config: {}, access_token: tokenOf("viewer") } }));
    // Broken in the middle of things, and frames that are none, as long as the sync runs.
    let running = true;
    const breaking = (async () => {
      for (let n = 0; running; ++n) {
        const socket = await joined(play).catch(() => undefined);
        if (n % 2) socket?.send("no frame");
        else socket?._socket?.resetAndDestroy();
        await pause(20);
      }
    })();
    const good = [];
    const channel = dashboard(play, "viewer").channel(topic).on("broadcast", { event: "INSERT" }, ({ payload }) => payload.table === "ghl_contacts" && good.push(payload.new.id));
    same(await subscribed(channel), "SUBSCRIBED", "one that listens");
    const amid = await sync(600);
    running = false;
    await breaking;
    console.log(`  600 contacts: ${alone} ms alone, ${amid} ms amid ${deaf.length + silent.length} that do not read`);
    holds(amid < 3 * alone + 2_000, `${amid} ms instead of ${alone} ms`);
    await eventually(() => new Set(good).size === 600, "whoever listens has heard all");
    // Gone altogether in the middle of a sync: nothing of it is undone.
    const before = contactsOf(stage, "true");
    await seed(stage, 600);
    const lost = poll(stage, "contacts");
    await pause(150);
    for (const socket of deaf) socket.terminate();
    holds((await lost).ok, "the sync");
    same(contactsOf(stage, "true"), before + 600, "rows");
  }],

  ["CM_048_after_a_reconnect_a_client_catches_up", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const [contact, other] = await contacts(stage, 2);
    // One that resumes: from the offset that came with the last event, without a hole.
    const heard = [];
    const gaps = [];
    let offset;
    const resuming = play.opened(io(stage.url, { forceNew: true, transports: ["websocket"], reconnection: false, autoConnect: false,
      auth: (give) => give({ token: tokenOf("viewer"), topics: [{ topic, ...(offset && { after: offset }) }] }) }));
    resuming.on("UPDATE", (payload, at) => {
      heard.push(payload.new.first_name);
      offset = at;
    });
    resuming.on("gap", (gap) => gaps.push(gap));
    const connect = () => new Promise((done) => resuming.once("connect", done).connect());
    await connect();
    const names = [];
    const change = async () => {
      names.push(`Missed ${names.length}`);
      await name(stage, contact, names.at(-1));
    };
    await change();
    await eventually(() => heard.length === 1, "before");
    for (const _ of [1, 2, 3]) {
      resuming.disconnect();
      // Each is written before the next, so that none is an older state of the same row.
      for (const __ of [1, 2, 3]) {
        await change();
        await eventually(() => stage.sql(`select count(*) from ghl_contacts where first_name = '${names.at(-1)}'`) === "1", "written");
      }
      await connect();
      await eventually(() => heard.length >= names.length, "the missed ones");
    }
    same([heard, gaps], [names, []], "each once, in order, and no gap");
    // One that can not: it is told SUBSCRIBED each time, reads then, and holds what the table holds.
    const shown = new Map();
    const supabase = dashboard(play, "viewer");
    let reads = 0;
    const read = async () => {
      ++reads;
      const rows = [];
      for (let more = true; more;) {  // page by page: an answer has its limit
        const page = await supabase.from("ghl_contacts").select("id,first_name").eq("source_id", sourceA).is("deleted_at", null).order("id").range(rows.length, rows.length + 499);
        if (page.error) throw new Error(JSON.stringify(page.error));
        rows.push(...page.data);
        more = page.data.length === 500;
      }
      shown.clear();
      for (const row of rows) shown.set(row.id, row.first_name);
    };
    const statuses = [];
    const channel = supabase.channel(topic);
    for (const event of ["INSERT", "UPDATE"]) channel.on("broadcast", { event }, ({ payload }) => payload.table === "ghl_contacts" && shown.set(payload.new.id, payload.new.first_name));
    channel.on("broadcast", { event: "DELETE" }, ({ payload }) => shown.delete(payload.old.id));
    channel.subscribe((status) => {
      statuses.push(status);
      if (status === "SUBSCRIBED") void read();
    });
    const held = () => stage.sql(`select id, first_name from ghl_contacts where source_id = '${sourceA}' and deleted_at is null order by id`);
    const asTable = async (when) => {
      const text = () => [...shown].map((one) => one.join("|")).sort().join("\n");
      await eventually(() => text() === held(), `${when}: what is shown is what the table holds`, 30_000).catch((error) => {
        const rows = held().split("\n");
        throw new Error(`${error.message}; ${text().split("\n").filter((row) => !rows.includes(row))} instead of ${rows.filter((row) => !text().includes(row))}`);
      });
    };
    await eventually(() => reads === 1 && shown.size > 0, "the first reading");
    await asTable("at first");
    // The server is restarted, and much changes while nobody listens.
    await stage.server.stop();
    await eventually(() => statuses.includes("CHANNEL_ERROR") || statuses.includes("TIMED_OUT"), `the app is told: ${statuses}`);
    await name(stage, other, "While Away");
    await stage.up();
    await poll(stage, "contacts");
    await eventually(() => statuses.filter((one) => one === "SUBSCRIBED").length === 2, `subscribed again: ${statuses}`, 30_000);
    await change();
    await asTable("after the restart");
    holds([...shown.values()].includes("While Away") && [...shown.values()].includes(names.at(-1)), "the changes");
    // Who resumes rows after a restart is told to read them again; entries of the journal come without a hole.
    await connect();
    await eventually(() => gaps.length === 1 && gaps[0].topic === topic, "an explicit signal");
    await change();
    await eventually(() => heard.at(-1) === names.at(-1), "and it goes on");
  }],

  ["part_of_CM_048_a_client_of_the_journal_loses_no_entry_to_a_restart", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const entries = [];
    let last = (await stage.call(operatorKey, "GET", `/api/v1/sources/${sourceA}/status`)).body.last_seq;
    const first = last;
    const socket = play.opened(io(stage.url, { forceNew: true, transports: ["websocket"], reconnectionDelay: 100, reconnectionDelayMax: 300,
      auth: (give) => give({ token: tokenOf("viewer"), topics: [{ topic: `records:${sourceA}`, after: last }] }) }));
    socket.on("entry", ({ seq }) => {
      entries.push(seq);
      last = seq;
    });
    await new Promise((done) => socket.once("connect", done));
    const all = await contacts(stage, 10);
    for (const [n, contact] of all.entries()) {
      await name(stage, contact, `Entry ${n}`);
      if (n !== 4) continue;
      await stage.server.stop();
      await stage.up();
    }
    await poll(stage, "contacts");  // what came by webhook while it was down, if the CRM has given up
    await eventually(() => contactsOf(stage, "first_name like 'Entry %'") === all.length, "all is written");
    const end = (await stage.call(operatorKey, "GET", `/api/v1/sources/${sourceA}/status`)).body.last_seq;
    await eventually(() => last >= end, "all entries", 30_000);
    // Read page by page as streams: one that falls behind is ended by the server and goes on where it was.
    const journal = [];
    await eventually(async () => {
      const abort = new AbortController();
      const response = await fetch(`${stage.url}/api/v1/sources/${sourceA}/events?after=${journal.at(-1) ?? first}`, { headers: { Authorization: `Bearer ${operatorKey}` }, signal: abort.signal });
      let rest = "";
      for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop();
        for (const line of lines) if (line.startsWith("id: ") && Number(line.slice(4)) <= end) journal.push(Number(line.slice(4)));
        if (journal.at(-1) >= end) break;
      }
      abort.abort();
      return journal.at(-1) >= end;
    }, "the journal by its stream", 30_000);
    same(entries.filter((seq) => seq <= end), journal, "each entry once, in order");
  }],
];

const kRows = 10_000;

// With server.realtime: {batch_above: 50, batch_every: 250ms}.
export const batchChecks = [
  ["CM_046_ten_thousand_changed_rows_are_few_frames", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const before = new Set(stage.sql(`select id from ghl_contacts where source_id = '${sourceA}'`).split("\n"));
    const rows = new Map();
    let frames = 0;
    let batches = 0;
    class Counting extends WebSocket {
      constructor(...args) {
        super(...args);
        this.addEventListener("message", () => ++frames);
      }
    }
    const take = ({ table, new: row }) => table === "ghl_contacts" && rows.set(row.id, row);
    const client = dashboard(play, "viewer", Counting);
    const channel = client.channel(topic).on("broadcast", { event: "INSERT" }, ({ payload }) => take(payload)).on("broadcast", { event: "ROWS" }, ({ payload }) => {
      ++batches;
      for (const one of payload.rows) {
        same([one.schema, one.operation, one.new, one.old], ["public", one.operation, one.record, one.old_record], "a row of a batch is as it is alone");
        take(one);
      }
    });
    same(await subscribed(channel), "SUBSCRIBED", "supabase-js");
    const bySocket = new Set();
    let emitted = 0;
    const socket = play.opened(io(stage.url, { auth: { token: tokenOf("viewer"), topics: [topic] }, forceNew: true, transports: ["websocket"] }));
    socket.onAny((event, payload) => {
      ++emitted;
      for (const one of event === "ROWS" ? payload.rows : [payload]) if (one.table === "ghl_contacts") bySocket.add(one.new.id);
    });
    await new Promise((done) => socket.once("connect", done));
    await stage.control("A", "POST", "seed", { contacts: kRows, opportunities: 0, seed: 4646, events: false });
    const began = Date.now();
    await poll(stage, "contacts");
    const made = () => stage.sql(`select id from ghl_contacts where source_id = '${sourceA}'`).split("\n").filter((id) => !before.has(id));
    await eventually(() => rows.size >= kRows && bySocket.size >= kRows, `all rows are told: ${rows.size}, ${bySocket.size}`, 60_000);
    console.log(`  ${rows.size} rows in ${Date.now() - began} ms: ${frames} frames to supabase-js (${batches} batches), ${emitted} events to socket.io`);
    same([...rows.keys()].sort(), made().sort(), "every row that the table has, and no other");
    same(bySocket.size, kRows, "by socket.io too");
    holds(frames < kRows / 5 && emitted < kRows / 5, `${frames} frames, ${emitted} events`);
    const [id, { email }] = [...rows][0];
    same(stage.sql(`select email from ghl_contacts where id = '${id}'`), email, "what a row says");
    // What changes slowly is told by itself, for clients that know no batches.
    await pause(1_000);
    const [contact] = await contacts(stage, 1);
    const single = new Promise((done) => channel.on("broadcast", { event: "UPDATE" }, ({ payload }) => done(payload.new.first_name)));
    await name(stage, contact, "By Itself");
    same(await single, "By Itself", "a single change");
  }],
];
