// socket.io-client, as it comes from npm.
import { io } from "socket.io-client";
import { eventually, ownerKey, viewerKey } from "../browser/stage.mjs";
import { addContact, editContact, holds, journalAfter, pause, same, token } from "./common.mjs";

function connect(play, options = {}, auth = { token: viewerKey }) {
  return play.opened(io(play.stage.url, { auth, forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 200, ...options }));
}

const once = (socket, event, limitMs = 10_000) =>
  new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`no "${event}" within ${limitMs} ms`)), limitMs);
    socket.once(event, (...args) => (clearTimeout(timer), done(args)));
  });

async function connected(play, options, auth) {
  const socket = connect(play, options, auth);
  await once(socket, "connect");
  return socket;
}

const ask = (socket, event, argument) => socket.timeout(10_000).emitWithAck(event, argument);

// Everything that the socket is told about entries.
function entries(socket) {
  const list = [];
  socket.on("entry", (entry, offset) => list.push({ ...entry, offset }));
  return list;
}

const overTransport = (name, options) => [
  `socket.io over ${name}: subscribes and is told`,
  async (play) => {
    const socket = await connected(play, options);
    const list = entries(socket);
    const answer = await ask(socket, "subscribe", "records:main");
    holds(answer.ok && Number.isInteger(answer.seq), `subscribed: ${JSON.stringify(answer)}`);
    const { id } = await addContact(play.stage);
    await eventually(() => list.some((entry) => entry.record === id && entry.kind === "edit"), "the edit is told");
    await editContact(play.stage, id, { first_name: "Änderung \u{1f600}" });
    await eventually(() => list.some((entry) => entry.body?.fields?.first_name?.to === "Änderung \u{1f600}"), "with its text");
    await eventually(() => list.some((entry) => entry.kind === "write" && entry.record === id), "the writes are told, too");
    const seqs = list.map((entry) => entry.seq);
    same(seqs, await journalAfter(play.stage, answer.seq, seqs.at(-1)), "no hole, no double");
  },
];

export const socketChecks = [
  overTransport("polling", { transports: ["polling"] }),
  overTransport("websocket", { transports: ["websocket"] }),

  ["socket.io upgrades, and nothing is lost on the way", async (play) => {
    const socket = connect(play);
    const list = entries(socket);
    const upgraded = new Promise((done) => socket.io.engine.once("upgrade", (transport) => done(transport.name)));
    await once(socket, "connect");
    const answer = await ask(socket, "subscribe", "records:main");
    for (let i = 0; i < 5; ++i) await addContact(play.stage);
    same(await upgraded, "websocket", "the transport");
    const { id } = await addContact(play.stage);
    await eventually(() => list.some((entry) => entry.record === id), "the last one is told");
    const seqs = list.map((entry) => entry.seq);
    same(seqs, await journalAfter(play.stage, answer.seq, seqs.at(-1)), "no hole, no double");
  }],

  ["socket.io: wrong, forged and expired tokens are refused", async (play) => {
    const wrong = [{ token: "wrong" }, {}, { token: token("a", { secret: "x".repeat(40) }) }, { token: token("a", { seconds: -60 }) },
      { token: token("a", { header: { alg: "none", typ: "JWT" } }) }];
    for (const auth of wrong) {
      const socket = connect(play, { transports: ["websocket"] }, auth);
      const [error] = await once(socket, "connect_error");
      same([error.message, error.data], ["unauthorized", { code: 401 }], JSON.stringify(auth));
      same(socket.connected, false, "connected");
    }
    const [error] = await once(play.opened(io(`${play.stage.url}/other`, { forceNew: true })), "connect_error");
    same(error.message, "Invalid namespace", "an unknown namespace");
  }],

  ["socket.io: guessing topics finds nothing", async (play) => {
    const socket = await connected(play, { transports: ["websocket"] }, { token: token("mallory", { sources: ["elsewhere"] }) });
    const told = [];
    socket.onAny((...args) => told.push(args));
    for (const topic of ["records:main", "ghl:main", "rows:main", "records:*", "rows:*", "records:", "ghl:", "entries:main", "records:main:contact",
      "records:nowhere", "room:*\tx", "", 7, null, ["records:main"]]) {
      const answer = await ask(socket, "subscribe", topic);
      holds(!answer.ok, `${topic} was given`);
    }
    const [there, nowhere] = await Promise.all(["ghl:main", "ghl:nowhere"].map((topic) => ask(socket, "subscribe", topic)));
    same(there.error.replace("main", "nowhere"), nowhere.error, "what exists looks like what does not");
    await addContact(play.stage);
    await pause(300);
    same(told, [], "told");
  }],

  ["socket.io: rows of the tables, by what a table shows", async (play) => {
    const socket = await connected(play, { transports: ["websocket"] });
    const rows = [];
    for (const event of ["INSERT", "UPDATE", "DELETE"]) socket.on(event, (row, offset) => rows.push({ event, ...row, offset }));
    holds((await ask(socket, "subscribe", "ghl:main")).ok, "subscribed");
    const { id, email } = await addContact(play.stage, { tags: ["a", "b"] });
    const made = await eventually(() => rows.find((row) => row.event === "INSERT" && row.record.email === email), "the insert");
    same([made.schema, made.table, made.operation, made.old, made.record.tags], ["public", "contacts", "INSERT", null, ["a", "b"]], "the insert");
    same(made.new, made.record, "both vocabularies");
    await editContact(play.stage, id, { first_name: "Ada" });
    const changed = await eventually(() => rows.find((row) => row.event === "UPDATE" && row.record.email === email), "the update");
    same([changed.new.first_name, changed.old.id], ["Ada", made.record.id], "the update");
    await play.stage.api("DELETE", `/sources/main/records/${id}`);
    const gone = await eventually(() => rows.find((row) => row.event === "DELETE" && row.old.id === made.record.id), "the delete");
    same(gone.record, null, "the delete's record");
  }],

  ["socket.io recovers a lost connection without a hole", async (play) => {
    const socket = await connected(play, { transports: ["websocket"] });
    const list = entries(socket);
    const answer = await ask(socket, "subscribe", "records:main");
    await addContact(play.stage);
    await eventually(() => list.length > 0, "the first one");
    const before = socket.id;
    const back = once(socket, "connect");
    socket.io.engine.transport.ws.terminate();
    const { id } = await addContact(play.stage);
    await back;
    same([socket.recovered, socket.id], [true, before], "recovered");
    await eventually(() => list.some((entry) => entry.record === id), "what was missed");
    const seqs = list.map((entry) => entry.seq);
    same(seqs, await journalAfter(play.stage, answer.seq, seqs.at(-1)), "no hole, no double");
  }],

  ["socket.io: nobody recovers the connection of somebody else", async (play) => {
    const victim = await connected(play, { transports: ["websocket"] }, { token: ownerKey });
    await ask(victim, "subscribe", "records:main");
    const pid = victim._pid;
    holds(typeof pid === "string" && pid.length >= 20, `a private id: ${pid}`);
    victim.io.reconnection(false);
    victim.io.engine.transport.ws.terminate();
    await once(victim, "disconnect");
    const thief = await connected(play, { transports: ["websocket"] }, { token: token("mallory", { sources: ["elsewhere"] }), pid, offset: "1.0" });
    same(thief.recovered, false, "recovered");
    const told = entries(thief);
    await addContact(play.stage);
    await pause(300);
    same(told, [], "told");
  }],

  ["socket.io resumes after a restart: no event is lost", async (play) => {
    let last = 0;
    const auth = (give) => give({ token: viewerKey, topics: [last ? { topic: "records:main", after: last } : "records:main"] });
    const socket = connect(play, {}, auth);
    const list = entries(socket);
    socket.on("entry", (entry) => (last = entry.seq));
    await once(socket, "connect");
    const first = (await play.stage.api("GET", "/sources/main/status")).body.last_seq;
    await addContact(play.stage);
    await eventually(() => list.length > 0, "before the restart");
    const reason = once(socket, "disconnect", 20_000);
    await play.stage.server.stop();
    same((await reason)[0], "transport close", "the reason");
    const back = once(socket, "connect", 30_000);
    await play.stage.up();
    for (let i = 0; i < 3; ++i) await addContact(play.stage);
    await back;
    const { id } = await addContact(play.stage);
    await eventually(() => list.some((entry) => entry.record === id), "after the restart");
    const seqs = list.map((entry) => entry.seq);
    const journal = await journalAfter(play.stage, first, seqs.at(-1));
    same(seqs, journal.filter((seq) => seq >= seqs[0]), "no hole, no double");
    holds(seqs[0] - first <= 3, `from the beginning: ${seqs[0]} after ${first}`);
  }],

  ["socket.io: what the client has seen is a status", async (play) => {
    const socket = await connected(play, { transports: ["websocket"] });
    const list = entries(socket);
    await ask(socket, "subscribe", "records:main");
    await addContact(play.stage);
    await eventually(() => list.length > 0, "an entry");
    const seq = list.at(-1).seq;
    same(await ask(socket, "seen", { topic: "records:main", seq }), { ok: true }, "the answer");
    same((await ask(socket, "seen", { topic: "records:main", seq: seq + 100_000 })).ok, false, "what nobody can have seen");
    const status = (await play.stage.api("GET", "/sources/main/status")).body;
    same(status.seen["key looks"].seq, seq, "seen");
  }],

  ["socket.io: a frame too large ends the connection, and nothing else", async (play) => {
    const other = await connected(play, { transports: ["websocket"] });
    for (const transports of [["websocket"], ["polling"]]) {
      const socket = await connected(play, { transports, reconnection: false });
      const gone = once(socket, "disconnect");
      socket.emit("large", "x".repeat(1_100_000));
      await gone;
    }
    same((await ask(other, "subscribe", "records:main")).ok, true, "the other one goes on");
  }],

  ["socket.io: binary arguments are taken", async (play) => {
    for (const transports of [["websocket"], ["polling"]]) {
      const socket = await connected(play, { transports });
      const answer = await ask(socket, "unknown", Buffer.from([1, 2, 3]));
      same(answer.ok, false, "an unknown event is told so");
    }
  }],

  ["socket.io: a token that ends, ends the connection; a refreshed one does not", async (play) => {
    const socket = await connected(play, { transports: ["websocket"] }, { token: token("ann", { seconds: -27 }) });  // clocks may differ by 30 s
    const refreshed = await connected(play, { transports: ["websocket"] }, { token: token("bob", { seconds: -27 }) });
    same(await ask(refreshed, "auth", { token: token("bob") }), { ok: true }, "refreshed");
    const [reason] = await once(socket, "disconnect", 9_000);
    same(reason, "io server disconnect", "the reason");
    await pause(1000);
    same((await ask(refreshed, "subscribe", "records:main")).ok, true, "the refreshed one goes on");
  }],

  ["socket.io: a key that is taken away ends its connections within 5 seconds", async (play) => {
    const socket = await connected(play, { transports: ["websocket"] });
    const polling = await connected(play, { transports: ["polling"] });
    const owner = await connected(play, {}, { token: ownerKey });
    await ask(socket, "subscribe", "records:main");
    const access = play.stage.access;
    const gone = Promise.all([once(socket, "disconnect", 5_000), once(polling, "disconnect", 5_000)]);
    play.stage.reload(access.replace("key: {env: VIEWER_KEY}", "key: {env: TOKEN_SECRET}"));
    same((await gone).map(([reason]) => reason), ["io server disconnect", "io server disconnect"], "the reasons");
    same(owner.connected, true, "the owner's");
    play.stage.reload(access);
  }],
];
