// Rights that stand in a table (access.members): who is in it sees, who is taken out of it sees no more, and nobody gets
// a message meanwhile. With the real clients, a real PostgreSQL and the tables of the CRM mirror.
import { io } from "socket.io-client";
import WebSocket from "ws";
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { A, B, people, tokenOf } from "./members_stage.mjs";
import { client, subscribed } from "./supabase_checks.mjs";

const kRevokedMs = 5_000;

const get = (play, what, token, options = {}) => fetch(`${play.stage.url}/api/v1${what}`, { headers: { Authorization: `Bearer ${token}` }, ...options });
const status = async (play, token, source = A) => (await get(play, `/sources/${source}/status`, token)).status;

function map(play, user, source, role = "viewer") {
  play.stage.database.sql(`insert into user_sources (user_id, source_id, role) values ('${user}', '${source}', '${role}')
    on conflict (user_id, source_id) do update set role = excluded.role`);
}
const unmap = (play, user, source = A) => play.stage.database.sql(`delete from user_sources where user_id = '${user}' and source_id = '${source}'`);
// The program has read the table.
const known = (play, user, source, wanted) => eventually(async () => (await status(play, tokenOf(user), source)) === wanted, `${user} gets ${wanted}`);

let made = 0;
async function addContact(play, source) {
  const email = `rights${++made}.${process.pid}@example.com`;
  const answer = await play.stage.api("POST", `/sources/${source}/records`, { entity: "contact", fields: { ghl_id: `made-${made}`, email, first_name: `Secret ${made}` } });
  same(answer.status, 201, "a contact");
  return { id: answer.body.record, email };
}
async function name(play, source, id, text) {
  same((await play.stage.api("PATCH", `/sources/${source}/records/${id}`, { fields: { first_name: text } })).status, 200, "an edit");
}

// All that one person gets to hear, by every protocol, as text.
class Listener {
  heard = [];
  ended = {};
  static async open(play, token, source, options = {}) {
    const one = new Listener();
    const note = (what) => one.heard.push(JSON.stringify(what));
    one.supabase = client(play, {}, options.apikey ?? token);
    await one.supabase.realtime.setAuth(token);
    one.channel = one.supabase.channel(`ghl:${source}`, { config: { private: true } });
    for (const event of ["INSERT", "UPDATE", "DELETE", "entry"]) one.channel.on("broadcast", { event }, note);
    one.rows = one.supabase.channel("rows of all").on("postgres_changes", { event: "*", schema: "public", table: "ghl_contacts" }, note);
    [one.status, one.rowsStatus] = await Promise.all([subscribed(one.channel), subscribed(one.rows)]);
    one.socket = play.opened(io(play.stage.url, { auth: { token }, forceNew: true, transports: ["websocket"], reconnection: false }));
    one.socket.onAny((...args) => note(args));
    one.connected = await new Promise((done) => one.socket.once("connect", () => done(true)).once("connect_error", () => done(false)));
    one.acks = [];
    if (one.connected) {
      for (const topic of [`ghl:${source}`, `records:${source}`]) one.acks.push(await one.socket.timeout(10_000).emitWithAck("subscribe", topic));
    }
    const abort = new AbortController();
    play.opened({ disconnect: () => abort.abort() });
    const events = await get(play, `/sources/${source}/events?after=0`, token, { signal: abort.signal });
    one.events = events.status;
    if (events.ok) void one.#read(events.body);
    return one;
  }
  async #read(body) {
    try {
      for await (const piece of body.pipeThrough(new TextDecoderStream())) this.heard.push(piece);
      this.ended.events = Date.now();
    } catch {
      // ended by the test
    }
  }
  heardOf(text) {
    return this.heard.filter((one) => one.includes(text)).length;
  }
}

export const membersChecks = [
  ["CM_045_a_source_without_a_mapping_is_refused_and_nothing_leaks", async (play) => {
    map(play, people.ofB, B, "owner");
    await known(play, people.ofB, B, 200);
    const first = await addContact(play, A);
    const strangers = [];
    for (const user of [people.ofB, people.nobody]) strangers.push(await Listener.open(play, tokenOf(user), A));
    // Rights that a token claims for itself do not count beside the table.
    const claims = tokenOf(people.nobody, { role: "owner", sources: ["*", A] });
    strangers.push(await Listener.open(play, claims, A));
    for (const one of strangers) {
      same(one.status, "CHANNEL_ERROR", "supabase-js");
      same(one.acks.map((ack) => ack.ok), [false, false], "socket.io");
      same(one.events, 403, "the event stream");
    }
    same(await status(play, claims), 403, "what the token claims");
    const guesses = [`ghl:${A} `, ` ghl:${A}`, `ghl:${A}:`, `ghl:${A}:contact`, `GHL:${A}`, `ghl:${A.toUpperCase()}`, "ghl:*", "ghl:", "ghl:%", `rows:${A}`, `records:${A}`,
      `records:${A}:contact`, `realtime:ghl:${A}`, `room:data\tghl:${A}`, `rows:*`, `ghl:${A}\u0000`, `ghl:${B},${A}`, `ghl:../${A}`, "records:", "rows:"];
    const supabase = client(play, {}, tokenOf(people.ofB));
    const heard = [];
    const rooms = [];
    for (const topic of guesses) {
      const channel = supabase.channel(topic);
      for (const event of ["INSERT", "UPDATE", "DELETE", "entry", "*"]) channel.on("broadcast", { event }, (message) => heard.push(JSON.stringify(message)));
      if ((await subscribed(channel)) === "SUBSCRIBED") rooms.push(topic);
      const ack = await strangers[0].socket.timeout(10_000).emitWithAck("subscribe", topic);
      same(ack.ok, false, `socket.io: ${topic}`);
    }
    // Names that are no data are rooms of those who see the same; nothing of ours comes to them.
    holds(!rooms.some((topic) => /^(ghl|rows|records):/.test(topic)), `joined ${rooms}`);
    const second = await addContact(play, A);
    await name(play, A, first.id, "Told To Nobody");
    const ofB = await addContact(play, B);
    await eventually(() => strangers[0].heardOf(ofB.email) > 0, "the rows of B are heard");
    await pause(500);
    for (const text of [first.email, second.email, "Told To Nobody", first.id, A]) {
      for (const [at, one] of strangers.entries()) same(one.heardOf(text), 0, `stranger ${at} heard ${text}`);
      same(heard.filter((one) => one.includes(text)).length, 0, `a guessed topic told ${text}`);
    }
  }],

  ["CM_011_a_person_of_two_sources_sees_both_and_a_removed_mapping_ends_subscriptions_within_5_s", async (play) => {
    map(play, people.both, A, "viewer");
    map(play, people.both, B, "editor");
    await known(play, people.both, A, 200);
    await known(play, people.both, B, 200);
    const token = tokenOf(people.both);
    const sources = await (await get(play, "/sources", token)).json();
    same(sources.items.map((one) => one.id).sort(), [A, B], "both sources");
    const [ofA, ofB] = [await Listener.open(play, token, A), await Listener.open(play, token, B)];
    for (const one of [ofA, ofB]) same([one.status, one.acks.map((ack) => ack.ok), one.events], ["SUBSCRIBED", [true, true], 200], "subscribed");
    const told = await addContact(play, A);
    await eventually(() => ofA.heardOf(told.email) >= 4, "heard by all protocols");

    const left = [];
    ofA.socket.on("unsubscribed", (message) => left.push(message.topic));
    unmap(play, people.both, A);
    const began = Date.now();
    same(play.stage.database.sqlAs({ sub: people.both, role: "authenticated" }, `select count(*) from ghl_contacts where source_id = '${A}'`), "0", "SQL, at once");
    await eventually(() => ofA.channel.statuses.includes("CLOSED") && left.length === 2 && ofA.ended.events, "all of A ended", kRevokedMs);
    console.log(`  all ended after ${Date.now() - began} ms`);
    same(await status(play, token, A), 403, "the next request");
    same((await (await get(play, "/sources", token)).json()).items.map((one) => one.id), [B], "the sources");
    const later = await addContact(play, A);
    const still = await addContact(play, B);
    await eventually(() => ofB.heardOf(still.email) >= 3, "B goes on");
    await pause(500);
    same(ofA.heardOf(later.email) + ofB.heardOf(later.email), 0, "told of A after the end");
    same(ofA.socket.connected, true, "the connection itself stays: B may be asked for on it");
  }],

  ["CM_010_generated_people_get_the_same_rows_from_the_program_and_from_sql", async (play) => {
    const { database } = play.stage;
    const tables = ["ghl_contacts", "v_ghl_contacts_recent", "v_ghl_dashboard_summary", "v_ghl_revenue_summary", "v_ghl_reviews_summary", "v_ghl_sync_status",
      "v_ghl_opportunities_report", "v_ghl_pipeline_stage_summary", "v_ghl_reviews_recent", "ghl_pipelines", "ghl_opportunities", "ghl_orders", "ghl_payments", "ghl_reviews", "ghl_sync_jobs"];
    for (const source of [A, B]) {
      await addContact(play, source);
      database.sql(`insert into ghl_pipelines (source_id, ghl_pipeline_id, name) values ('${source}', 'generated', 'Sales');
        insert into ghl_opportunities (source_id, ghl_opportunity_id, name) values ('${source}', 'generated', 'Deal');
        insert into ghl_orders (source_id, ghl_order_id, amount) values ('${source}', 'generated', 1);
        insert into ghl_payments (source_id, ghl_payment_id, amount) values ('${source}', 'generated', 1);
        insert into ghl_reviews (source_id, ghl_review_id, rating) values ('${source}', 'generated', 5);
        insert into ghl_sync_jobs (source_id, location_id, job_type) values ('${source}', 'x', 'contacts')`);
    }
    const idsOf = async (source, token) => {
      const answer = await get(play, `/sources/${source}/records?limit=500`, token);
      return answer.ok ? (await answer.json()).items.map((one) => `${source} ${one.fields.ghl_id}`) : [];
    };
    const all = play.stage.authorization.Authorization.slice(7);
    const held = () => database.sql("select source_id || ' ' || ghl_contact_id from ghl_contacts order by 1").split("\n");
    await eventually(async () => JSON.stringify([...(await idsOf(A, all)), ...(await idsOf(B, all))].sort()) === JSON.stringify(held().sort()), "all that the program has is written");

    let seed = 20261121;
    const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
    const roles = [null, "viewer", "editor", "owner", "without a role"];
    const persons = [];
    database.sql("delete from user_sources");
    for (let n = 0; n < 12; ++n) {
      const user = `10000000-0000-4000-8000-0000000000${String(n).padStart(2, "0")}`;
      const rights = { [A]: roles[random(roles.length)], [B]: roles[random(roles.length)] };
      database.sql(`insert into auth.users (id) values ('${user}') on conflict do nothing`);
      for (const [source, role] of Object.entries(rights)) {
        if (role !== null) database.sql(`insert into user_sources (user_id, source_id, role) values ('${user}', '${source}', ${role === "without a role" ? "null" : `'${role}'`})`);
      }
      persons.push({ user, rights });
    }
    await pause(3_000);  // the program reads the table every 2 seconds
    let some = 0;
    for (const { user, rights } of persons) {
      const token = tokenOf(user);
      const claims = { sub: user, role: "authenticated" };
      const bySql = database.sqlAs(claims, "select source_id || ' ' || ghl_contact_id from ghl_contacts").split("\n").filter(Boolean).sort();
      const byProgram = [...(await idsOf(A, token)), ...(await idsOf(B, token))].sort();
      same(byProgram, bySql, JSON.stringify(rights));
      some += byProgram.length > 0 ? 1 : 0;
      const mapped = [A, B].filter((source) => rights[source] !== null).sort();
      const listed = (await (await get(play, "/sources", token)).json()).items.map((one) => one.id).sort();
      same(listed, mapped, "the sources");
      const seen = database.sqlAs(claims, tables.map((table) => `select distinct '${table} ' || source_id from ${table}`).join(" union all ")).split("\n").filter(Boolean).sort();
      same(seen, tables.flatMap((table) => mapped.map((source) => `${table} ${source}`)).sort(), `tables and views for ${JSON.stringify(rights)}`);
      const abort = new AbortController();
      const events = await get(play, "/events?after=0", token, { signal: abort.signal });
      let text = "";
      setTimeout(() => abort.abort(), 300);
      try {
        for await (const piece of events.body.pipeThrough(new TextDecoderStream())) text += piece;
      } catch {
        // ended above
      }
      for (const source of [A, B]) same(text.includes(source), mapped.includes(source), `events of ${source} for ${JSON.stringify(rights)}`);
      same((await subscribed(client(play, {}, token).channel(`ghl:${A}`))) === "SUBSCRIBED", mapped.includes(A), "the subscription");
    }
    holds(some > 3 && some < persons.length, `${some} of ${persons.length} people see something`);
    const anonymous = (text) => {
      try {
        return database.sqlAs({ role: "anon" }, text);
      } catch (error) {
        return /permission denied/.test(error.message) ? "" : error.message;
      }
    };
    for (const table of tables) same(anonymous(`select * from ${table}`), "", `anon: ${table}`);
    same((await get(play, `/sources/${A}/records`, "")).status, 401, "nobody, by the program");
  }],

  ["part_of_CM_011_joining_while_the_mapping_goes_leaks_nothing", async (play) => {
    const user = people.viewer;
    const token = tokenOf(user);
    const target = await addContact(play, A);
    let count = 0;
    let leaks = 0;
    let heardBefore = 0;
    for (let round = 0; round < 3; ++round) {
      map(play, user, A, "viewer");
      await known(play, user, A, 200);
      const heard = [];
      const connections = [];
      let joining = true;
      // New joins all the time, by both clients, while edits are made.
      const join = async () => {
        while (joining) {
          const supabase = client(play, {}, token);
          const channel = supabase.channel(`ghl:${A}`).on("broadcast", { event: "UPDATE" }, (message) => heard.push(message.payload.new.first_name));
          void subscribed(channel).catch(() => {});
          const socket = play.opened(io(play.stage.url, { auth: { token, topics: [`rows:${A}`] }, forceNew: true, transports: ["websocket"], reconnection: false }));
          socket.on("UPDATE", (payload) => heard.push(payload.new.first_name));
          connections.push(socket);
          await pause(40);
        }
      };
      const edit = async () => {
        while (joining) await name(play, A, target.id, `Edit ${++count}`);
      };
      const running = [join(), edit()];
      await pause(700);
      unmap(play, user, A);
      await known(play, user, A, 403);
      const last = count + 1;  // that one may be on its way
      await pause(1500);
      joining = false;
      await Promise.all(running);
      await pause(300);
      const numbers = heard.filter((text) => text?.startsWith("Edit ")).map((text) => Number(text.slice(5)));
      heardBefore += numbers.filter((number) => number <= last).length;
      leaks += numbers.filter((number) => number > last).length;
      holds(count - last > 5, "edits went on");
    }
    holds(heardBefore > 0, "heard while it was allowed");
    same(leaks, 0, "messages after the right was gone");
  }],

  ["part_of_CM_013_roles_of_the_table_are_enforced", async (play) => {
    const tried = {};
    for (const [role, user] of [["viewer", people.viewer], ["editor", people.editor], ["owner", people.owner]]) {
      map(play, user, A, role);
      await known(play, user, A, 200);
      const send = async (method, what, body) => (await get(play, `/sources/${A}${what}`, tokenOf(user), {
        method, headers: { Authorization: `Bearer ${tokenOf(user)}`, "Content-Type": "application/json" }, body: JSON.stringify(body) })).status;
      tried[role] = [await status(play, tokenOf(user)), await send("POST", "/records", { entity: "contact", fields: { ghl_id: `by-${role}`, email: `${role}@example.com` } }),
        await send("POST", "/jobs", { system: "crm", kind: "pull" }), await send("POST", "/systems/crm/pause", { reason: "a test" }),
        await send("POST", "/systems/crm/resume", {}), (await get(play, `/sources/${A}/people`, tokenOf(user))).status, (await get(play, "/accounts", tokenOf(user))).status];
    }
    same(tried.viewer, [200, 403, 403, 403, 403, 403, 403], "viewer");
    same(tried.editor, [200, 201, 202, 403, 403, 403, 403], "editor");
    same(tried.owner, [200, 201, 202, 200, 200, 200, 403], "owner");
    map(play, people.editor, A, "viewer");
    await eventually(async () => (await get(play, `/sources/${A}/jobs`, tokenOf(people.editor), {
      method: "POST", headers: { Authorization: `Bearer ${tokenOf(people.editor)}` }, body: "{}" })).status === 403, "a lower role counts", kRevokedMs);
  }],

  ["part_of_CM_012_callers_without_a_user_get_nothing", async (play) => {
    const forged = { anonymous: tokenOf(undefined, { header: { alg: "HS256", typ: "JWT" } }), "no token": "", "another secret": tokenOf(people.viewer, { secret: "another-secret-of-more-than-16-bytes" }),
      "no signature": tokenOf(people.viewer, { header: { alg: "none", typ: "JWT" } }).replace(/[^.]*$/, ""), expired: tokenOf(people.viewer, { seconds: -60 }) };
    map(play, people.viewer, A, "viewer");
    await known(play, people.viewer, A, 200);
    for (const [what, token] of Object.entries(forged)) {
      same((await get(play, `/sources/${A}/records`, token)).status, 401, what);
      const answers = await Promise.all([A, B].map((source) => subscribed(client(play, {}, token || "nothing").channel(`ghl:${source}`))));
      same(answers, ["CHANNEL_ERROR", "CHANNEL_ERROR"], what);
      const socket = play.opened(io(play.stage.url, { auth: { token }, forceNew: true, transports: ["websocket"], reconnection: false }));
      same(await new Promise((done) => socket.once("connect", () => done("connect")).once("connect_error", (error) => done(error.message))), "unauthorized", what);
    }
  }],

  ["members: frames that are too large end their connection and nothing else", async (play) => {
    map(play, people.viewer, A, "viewer");
    await known(play, people.viewer, A, 200);
    const kept = await Listener.open(play, tokenOf(people.viewer), A);
    for (const target of [`/realtime/v1/websocket?apikey=${tokenOf(people.viewer)}&vsn=2.0.0`, "/socket.io/?EIO=4&transport=websocket"]) {
      const socket = new WebSocket(play.stage.url.replace("http", "ws") + target);
      await new Promise((done) => socket.once("open", done));
      socket.send("x".repeat(8 << 20));
      await new Promise((done) => socket.once("close", done).once("error", () => {}));
    }
    const answer = await get(play, "/session", tokenOf(people.viewer), { method: "POST", body: "x".repeat(8 << 20) }).catch(() => ({ status: 413 }));
    same(answer.status, 413, "a body that is too large");
    const told = await addContact(play, A);
    await eventually(() => kept.heardOf(told.email) >= 4, "the others go on");
  }],

  ["members: sessions of accounts end within 5 seconds when they are revoked, and when the right goes", async (play) => {
    const account = "ada@example.com";
    const password = "correct horse battery";
    const admin = (method, what, body) => play.stage.api(method, what, body);
    same((await admin("PUT", `/sources/${A}/people/${account}`, { role: "viewer", password })).status, 200, "the account");
    const signIn = async () => (await (await fetch(`${play.stage.url}/api/v1/session`, { method: "POST", body: JSON.stringify({ account, password, token: true }) })).json());
    const [first, second] = [await signIn(), await signIn()];
    const [ending, staying] = [await Listener.open(play, first.token, A), await Listener.open(play, second.token, A)];
    for (const one of [ending, staying]) same([one.status, one.acks.map((ack) => ack.ok), one.events], ["SUBSCRIBED", [true, true], 200], "subscribed");
    let began = Date.now();
    same((await get(play, `/sessions/${first.id}`, second.token, { method: "DELETE" })).status, 200, "revoked from the other one");
    same(await status(play, first.token), 401, "at once");
    await eventually(() => ending.channel.statuses.includes("CLOSED") && !ending.socket.connected && ending.ended.events, "the session's connections", kRevokedMs);
    console.log(`  a revoked session's connections ended after ${Date.now() - began} ms`);
    began = Date.now();
    same((await admin("DELETE", `/sources/${A}/people/${account}`)).status, 200, "the right");
    await eventually(() => staying.channel.statuses.includes("CLOSED") && staying.ended.events, "what a right allowed", kRevokedMs);
    console.log(`  what a right had allowed ended after ${Date.now() - began} ms`);
    const later = await addContact(play, A);
    await pause(500);
    same(ending.heardOf(later.email) + staying.heardOf(later.email), 0, "told after the end");
  }],

  ["members: a database that is down holds rights for a while, then nobody has any, and all is well when it is back", async (play) => {
    map(play, people.viewer, A, "viewer");
    await known(play, people.viewer, A, 200);
    const one = await Listener.open(play, tokenOf(people.viewer), A);
    play.stage.database.down();
    try {
      await pause(3_000);
      same(await status(play, tokenOf(people.viewer)), 200, "for a while");
      same(one.channel.statuses.includes("CLOSED"), false, "still there");
      await eventually(async () => (await status(play, tokenOf(people.viewer))) === 429, "nobody can say", 20_000);
      await eventually(() => one.channel.statuses.includes("CLOSED") && !one.socket.connected && one.ended.events, "ended", kRevokedMs);
    } finally {
      play.stage.database.up();
    }
    await known(play, people.viewer, A, 200);
    same((await Listener.open(play, tokenOf(people.viewer), A)).status, "SUBSCRIBED", "again");
  }],
];
