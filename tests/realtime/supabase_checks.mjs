// supabase-js, as it comes from npm.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";
import { eventually, ownerKey, viewerKey } from "../browser/stage.mjs";
import { addContact, editContact, holds, pause, same, token } from "./common.mjs";

export function client(play, options = {}, key = viewerKey) {
  return play.opened(createClient(play.stage.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket, reconnectAfterMs: () => 200, ...options },
  }));
}

// Subscribes; resolves with the first status, and keeps all of them in channel.statuses.
export function subscribed(channel, limitMs = 15_000) {
  channel.statuses = [];
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`no status: ${channel.topic}`)), limitMs);
    channel.subscribe((status, error) => {
      channel.statuses.push(status);
      channel.lastError = error?.message;
      clearTimeout(timer);
      done(status);
    });
  });
}

const versions = ["1.0.0", "2.0.0"];

const inVersion = (vsn, what, check) => [`supabase-js ${vsn}: ${what}`, (play) => check(play, { vsn })];

async function rowsAsBroadcasts(play, options) {
  const supabase = client(play, options);
  const told = [];
  const channel = supabase.channel("ghl:main", { config: { broadcast: { self: true } } });
  for (const event of ["INSERT", "UPDATE", "DELETE"]) channel.on("broadcast", { event }, (message) => told.push(message));
  same(await subscribed(channel), "SUBSCRIBED", "the status");
  const { id, email } = await addContact(play.stage, { tags: ["x"] });
  const insert = await eventually(() => told.find((one) => one.event === "INSERT" && one.payload.record.email === email), "the insert");
  const { payload } = insert;
  same([insert.type, payload.schema, payload.table, payload.operation, payload.old, payload.old_record], ["broadcast", "public", "contacts", "INSERT", null, null],
    "the insert");
  same(payload.new, payload.record, "both vocabularies");
  holds(!Number.isNaN(Date.parse(payload.timestamp)), "a timestamp");
  await editContact(play.stage, id, { first_name: "Grace" });
  const update = await eventually(() => told.find((one) => one.event === "UPDATE" && one.payload.record.email === email), "the update");
  same([update.payload.new.first_name, update.payload.old.id], ["Grace", payload.record.id], "the update");
  await play.stage.api("DELETE", `/sources/main/records/${id}`);
  const gone = await eventually(() => told.find((one) => one.event === "DELETE" && one.payload.old.id === payload.record.id), "the delete");
  same([gone.payload.new, gone.payload.record], [null, null], "the delete");
}

async function tableChanges(play, options) {
  const supabase = client(play, options);
  const all = [];
  const filtered = [];
  const inserts = [];
  const channel = supabase.channel("any-name")
    .on("postgres_changes", { event: "*", schema: "public", table: "contacts" }, (change) => all.push(change))
    .on("postgres_changes", { event: "UPDATE", schema: "public", table: "contacts", filter: "first_name=eq.Filtered" }, (change) => filtered.push(change))
    .on("postgres_changes", { event: "INSERT", schema: "public" }, (change) => inserts.push(change))
    .on("postgres_changes", { event: "*", schema: "other", table: "contacts" }, (change) => inserts.push(change));
  const systems = [];
  channel.on("system", {}, (message) => systems.push(message));
  same(await subscribed(channel), "SUBSCRIBED", "the status");
  await eventually(() => systems.some((one) => one.extension === "postgres_changes" && one.status === "ok"), "the system message");
  const { id, email } = await addContact(play.stage, { tags: ["p", "q"] });
  await eventually(() => all.some((change) => change.eventType === "INSERT" && change.new.email === email), "the insert");
  await editContact(play.stage, id, { first_name: "Other" });
  await editContact(play.stage, id, { first_name: "Filtered" });
  const update = await eventually(() => filtered.find((change) => change.new.email === email), "the filtered update");
  same([update.eventType, update.schema, update.table, update.errors, update.new.tags], ["UPDATE", "public", "contacts", null, ["p", "q"]], "the change");
  await play.stage.api("DELETE", `/sources/main/records/${id}`);
  const gone = await eventually(() => all.find((change) => change.eventType === "DELETE" && change.old.id === update.new.id), "the delete");
  same(gone.new, {}, "the deleted row");
  same(filtered.every((change) => change.new.first_name === "Filtered"), true, "the filter");
  same(inserts.filter((change) => change.new.email === email).length, 1, "one insert, and none of another schema");
}

async function broadcasts(play, options) {
  const [a, b] = [client(play, options), client(play, options)];
  const heard = { a: [], b: [] };
  const channels = {};
  for (const [name, supabase] of Object.entries({ a, b })) {
    channels[name] = supabase.channel("room-1", { config: { broadcast: { ack: true, self: name === "b" } } });
    channels[name].on("broadcast", { event: "*" }, (message) => heard[name].push([message.event, message.payload]));
    same(await subscribed(channels[name]), "SUBSCRIBED", name);
  }
  same(await channels.a.send({ type: "broadcast", event: "hello", payload: { text: "ä\u2028\u{1f600}" } }), "ok", "acknowledged");
  await eventually(() => heard.b.length === 1, "b hears it");
  same(heard.b[0], ["hello", { text: "ä\u2028\u{1f600}" }], "what b hears");
  same(await channels.b.send({ type: "broadcast", event: "back", payload: { n: 1 } }), "ok", "acknowledged");
  await eventually(() => heard.a.length === 1 && heard.b.length === 2, "both hear it");
  const unjoined = client(play, options).channel("room-1");
  await unjoined.httpSend("http", { over: "http" });
  await eventually(() => heard.a.some(([event]) => event === "http") && heard.b.some(([event]) => event === "http"), "over HTTP");
  // Somebody of another tenant is in another room of that name.
  const stranger = client(play, options, token("eve", { sources: ["elsewhere"] }));
  const foreign = stranger.channel("room-1");
  const overheard = [];
  foreign.on("broadcast", { event: "*" }, (message) => overheard.push(message));
  same(await subscribed(foreign), "SUBSCRIBED", "a room of one's own");
  await channels.a.send({ type: "broadcast", event: "secret", payload: {} });
  await eventually(() => heard.b.some(([event]) => event === "secret"), "b hears it");
  await pause(200);
  same(overheard, [], "overheard");
}

async function presence(play, options) {
  const [a, b] = [client(play, options), client(play, options)];
  const first = a.channel("lobby", { config: { presence: { key: "ann" } } });
  const joins = [];
  const leaves = [];
  first.on("presence", { event: "join" }, ({ key, newPresences }) => joins.push([key, newPresences[0].at]));
  first.on("presence", { event: "leave" }, ({ key }) => leaves.push(key));
  first.on("presence", { event: "sync" }, () => {});
  same(await subscribed(first), "SUBSCRIBED", "ann");
  same(await first.track({ at: "desk" }), "ok", "tracked");
  const second = b.channel("lobby", { config: { presence: { key: "bob" } } });
  second.on("presence", { event: "sync" }, () => {});
  same(await subscribed(second), "SUBSCRIBED", "bob");
  await eventually(() => second.presenceState().ann?.[0].at === "desk", "bob sees ann");
  await second.track({ at: "door" });
  await eventually(() => joins.some(([key, at]) => key === "bob" && at === "door"), "ann sees bob come");
  // What the server says, in the words of a newcomer: this client loses the references of its own state when it is told of
  // a move (presenceAdapter.js of realtime-js 2.109), and shows bob twice.
  const newcomer = async () => {
    const supabase = client(play, options);
    const channel = supabase.channel("lobby");
    const synced = new Promise((done) => channel.on("presence", { event: "sync" }, () => done(channel.presenceState())));
    await subscribed(channel);
    const state = Object.entries(await synced).map(([key, metas]) => [key, metas.map(({ at }) => at)]);
    await supabase.removeChannel(channel);
    return JSON.stringify(state.sort());
  };
  await second.track({ at: "window" });
  await eventually(() => joins.some(([key, at]) => key === "bob" && at === "window") && leaves.includes("bob"), "bob moves");
  same(await newcomer(), JSON.stringify([["ann", ["desk"]], ["bob", ["window"]]]), "who is there");
  const before = leaves.length;
  await second.untrack();
  await eventually(() => leaves.length > before, "bob leaves");
  same(await newcomer(), JSON.stringify([["ann", ["desk"]]]), "who is there");
  await second.track({ at: "back" });
  await eventually(() => joins.some(([, at]) => at === "back"), "bob is back");
  b.realtime.disconnect();
  await eventually(async () => (await newcomer()) === JSON.stringify([["ann", ["desk"]]]), "bob is gone with his connection");
}

export const supabaseChecks = [
  ...versions.flatMap((vsn) => [
    inVersion(vsn, "rows of the tables as broadcasts", rowsAsBroadcasts),
    inVersion(vsn, "postgres_changes with filters", tableChanges),
    inVersion(vsn, "broadcasts between clients and over HTTP", broadcasts),
    inVersion(vsn, "presence", presence),
  ]),

  ["supabase-js: SUBSCRIBED means that the next commit arrives", async (play) => {
    const supabase = client(play);
    for (let i = 0; i < 10; ++i) {
      const told = [];
      const channel = supabase.channel(`p3-${i}`).on("postgres_changes", { event: "INSERT", schema: "public", table: "contacts" }, (change) => told.push(change.new.email));
      await subscribed(channel);
      const { email } = await addContact(play.stage);
      await eventually(() => told.includes(email), `in round ${i}`);
      await supabase.removeChannel(channel);
    }
  }],

  ["supabase-js: a user's token at the join, over an anonymous key", async (play) => {
    const supabase = client(play, {}, "anonymous-key");
    const refused = supabase.channel("ghl:main", { config: { private: true } });
    same(await subscribed(refused), "CHANNEL_ERROR", "without a user");
    holds(refused.lastError.includes("Unauthorized: You do not have permissions to read from this Channel topic: ghl:main"), refused.lastError);
    await supabase.removeChannel(refused);
    await supabase.realtime.setAuth(token("ann"));
    const channel = supabase.channel("ghl:main", { config: { private: true } });
    same(await subscribed(channel), "SUBSCRIBED", "with a user");
  }],

  ["supabase-js: guessing topics finds nothing", async (play) => {
    const supabase = client(play, {}, token("mallory", { sources: ["elsewhere"] }));
    for (const topic of ["ghl:main", "rows:main", "records:main", "rows:*", "records:*", "ghl:"]) {
      const channel = supabase.channel(topic);
      same(await subscribed(channel), "CHANNEL_ERROR", topic);
      await supabase.removeChannel(channel);
    }
    const told = [];
    const channel = supabase.channel("mine").on("postgres_changes", { event: "*", schema: "*" }, (change) => told.push(change))
      .on("broadcast", { event: "*" }, (message) => told.push(message));
    same(await subscribed(channel), "SUBSCRIBED", "an own room");
    await addContact(play.stage);
    await pause(500);
    same(told, [], "told");
    const http = await fetch(`${play.stage.url}/realtime/v1/api/broadcast`, { method: "POST", headers: { apikey: token("mallory", { sources: ["elsewhere"] }) },
      body: JSON.stringify({ messages: [{ topic: "ghl:main", event: "INSERT", payload: {} }] }) });
    same(http.status, 403, "a broadcast to a foreign topic");
    const viewer = await fetch(`${play.stage.url}/realtime/v1/api/broadcast`, { method: "POST", headers: { apikey: viewerKey },
      body: JSON.stringify({ messages: [{ topic: "ghl:main", event: "INSERT", payload: {} }] }) });
    same(viewer.status, 403, "a forged row from a viewer");
  }],

  ["supabase-js: nobody forges a row, not even who may edit", async (play) => {
    const told = [];
    const reader = client(play).channel("ghl:main").on("broadcast", { event: "*" }, (message) => told.push(message));
    same(await subscribed(reader), "SUBSCRIBED", "the reader");
    const forger = client(play, {}, ownerKey);
    const insert = { type: "broadcast", event: "INSERT", payload: { table: "contacts", operation: "INSERT", record: { email: "forged@example.com" } } };
    const acknowledged = forger.channel("ghl:main", { config: { broadcast: { ack: true } } });
    same(await subscribed(acknowledged), "SUBSCRIBED", "who may edit listens too");
    same(await acknowledged.send(insert), "error", "a row by websocket");
    const why = [];
    const quiet = client(play, {}, ownerKey).channel("ghl:main").on("system", {}, (message) => why.push(message));
    same(await subscribed(quiet), "SUBSCRIBED", "without acknowledgements");
    await quiet.send(insert);
    await eventually(() => why.length === 1, "the reason");
    same([why[0].status, /only Lockstep itself sends to ghl:main/.test(why[0].message)], ["error", true], JSON.stringify(why));
    for (const topic of ["ghl:main", "rows:main", "records:main"]) {
      const http = await client(play, {}, ownerKey).channel(topic).httpSend("INSERT", insert.payload).catch((error) => String(error));
      same(/only Lockstep itself/.test(JSON.stringify(http)), true, `over HTTP: ${JSON.stringify(http)}`);
    }
    const { email } = await addContact(play.stage);
    const emails = () => told.map(({ payload }) => payload.record.email);
    await eventually(() => emails().includes(email), "a real row comes");
    same(emails().includes(insert.payload.record.email), false, "the forged one");
    same(reader.state, "joined", "the channel");
  }],

  ["supabase-js: a refreshed token goes on, one of less rights ends", async (play) => {
    const supabase = client(play, {}, "anonymous-key");
    await supabase.realtime.setAuth(token("ann", { seconds: 600 }));
    const told = [];
    const channel = supabase.channel("ghl:main").on("broadcast", { event: "INSERT" }, ({ payload }) => told.push(payload.record.email));
    same(await subscribed(channel), "SUBSCRIBED", "first");
    await supabase.realtime.setAuth(token("ann", { seconds: 1200 }));
    await pause(300);
    same(channel.statuses, ["SUBSCRIBED"], "without an interruption");
    const { email } = await addContact(play.stage);
    await eventually(() => told.includes(email), "it goes on");
    await supabase.realtime.setAuth(token("ann", { sources: ["elsewhere"] }));
    await eventually(() => channel.statuses.length > 1, "it ends");
    const before = told.length;
    await addContact(play.stage);
    await pause(1500);
    same(told.length, before, "told after the end");
  }],

  ["supabase-js: an expired token ends the channel within 5 seconds", async (play) => {
    const supabase = client(play, {}, token("ann", { seconds: -27 }));  // clocks may differ by 30 s
    const systems = [];
    const channel = supabase.channel("ghl:main").on("system", {}, (message) => systems.push(message));
    same(await subscribed(channel), "SUBSCRIBED", "at first");
    await eventually(() => channel.statuses.includes("CLOSED"), "closed", 9_000);
    holds(systems.some((one) => one.status === "error"), JSON.stringify(systems));
  }],

  ["supabase-js comes back after a restart", async (play) => {
    const supabase = client(play);
    const told = [];
    const channel = supabase.channel("ghl:main").on("broadcast", { event: "INSERT" }, ({ payload }) => told.push(payload.record.email));
    same(await subscribed(channel), "SUBSCRIBED", "at first");
    await play.stage.server.stop();
    await eventually(() => channel.statuses.includes("CHANNEL_ERROR"), "the app is told");
    await play.stage.up();
    await eventually(() => channel.statuses.at(-1) === "SUBSCRIBED", "subscribed again", 30_000);
    const { email } = await addContact(play.stage);
    await eventually(() => told.includes(email), "an insert after the restart");
  }],

  ["supabase-js: what the dashboard has seen is a status", async (play) => {
    const supabase = client(play, {}, ownerKey);
    let last = 0;
    const channel = supabase.channel("ghl:main", { config: { broadcast: { ack: true } } });
    channel.on("broadcast", { event: "INSERT" }, ({ payload }) => (last = payload.seq));
    await subscribed(channel);
    await addContact(play.stage);
    await eventually(() => last > 0, "a row");
    same(await channel.send({ type: "broadcast", event: "seen", payload: { seq: last } }), "ok", "told");
    const status = (await play.stage.api("GET", "/sources/main/status")).body;
    same(status.seen["key runs"].seq, last, "seen");
  }],

  ["a websocket of Supabase Realtime without a key, or with frames that are none", async (play) => {
    const url = play.stage.url.replace("http", "ws") + "/realtime/v1/websocket?vsn=1.0.0";
    const refused = new WebSocket(url);
    const status = await new Promise((done) => refused.on("unexpected-response", (_, response) => done(response.statusCode)).on("error", () => {}));
    same(status, 401, "without a key");
    for (const frame of ["nonsense", "[1,2,3]", "{}", JSON.stringify({ topic: "a", event: "b", payload: 7, ref: "1" }), "x".repeat(1_100_000)]) {
      const socket = new WebSocket(`${url}&apikey=${viewerKey}`);
      await new Promise((done) => socket.on("open", done));
      const closed = new Promise((done) => socket.on("close", done));
      socket.send(frame);
      holds([1002, 1009].includes(await closed), `closed after ${frame.slice(0, 20)}`);
    }
  }],
];
