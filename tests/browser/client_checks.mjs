// The client libraries that people have, in a real browser: their builds for browsers, on a page of another origin.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { addContact, editContact, token } from "../realtime/common.mjs";
import { eventually } from "./stage.mjs";

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../realtime/node_modules");
const scripts = { "/supabase.js": "@supabase/supabase-js/dist/umd/supabase.js", "/socket.io.js": "socket.io-client/dist/socket.io.js" };

// Somebody's dashboard, which is not served by Lockstep. Its scripts call nothing until a check tells them to.
async function open({ stage, page, closing }) {
  const site = createServer((request, response) => {
    const file = scripts[request.url];
    response.setHeader("Content-Type", file ? "text/javascript" : "text/html");
    response.end(file ? readFileSync(path.join(modules, file)) : '<!doctype html><title>a dashboard</title><script src="/supabase.js"></script><script src="/socket.io.js"></script>');
  });
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  closing.push(async () => {
    await page.goto("about:blank");
    site.close();
  });
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  return page.evaluate(() => [typeof supabase.createClient, typeof io]);
}

// A supabase-js client on the page, following ghl:main both ways; what it hears is in window.heard.
const follow = (page, url, given) => page.evaluate(async ({ url, given }) => {
  window.heard = { statuses: [], rows: [], changes: [] };
  window.client = supabase.createClient(url, "anonymous-key", { auth: { persistSession: false, autoRefreshToken: false }, realtime: { reconnectAfterMs: () => 300 } });
  await client.realtime.setAuth(given);
  window.channel = client.channel("ghl:main", { config: { private: true } });
  for (const event of ["INSERT", "UPDATE", "DELETE"]) channel.on("broadcast", { event }, ({ payload }) => heard.rows.push([event, (payload.new ?? payload.old).email]));
  channel.on("postgres_changes", { event: "*", schema: "public", table: "contacts" }, (change) => heard.changes.push([change.eventType, change.new.email]));
  return new Promise((done) => channel.subscribe((status) => {
    heard.statuses.push(status);
    done(status);
  }));
}, { url, given });

const hears = (page, list, entry) => eventually(() => page.evaluate(([list, entry]) => heard[list].some((one) => JSON.stringify(one) === entry), [list, JSON.stringify(entry)]), `${list} have ${JSON.stringify(entry)}`);
const statuses = (page) => page.evaluate(() => heard.statuses);

export const clientChecks = [
  ["chromium: both client libraries load on a page of another origin", async (play) => assert.deepEqual(await open(play), ["function", "function"])],

  ["chromium: supabase-js subscribes and receives", async (play) => {
    const { stage, page } = play;
    await open(play);
    assert.equal(await follow(page, stage.url, token("ann")), "SUBSCRIBED");
    const { id, email } = await addContact(stage);
    await hears(page, "rows", ["INSERT", email]);
    await hears(page, "changes", ["INSERT", email]);
    await editContact(stage, id, { first_name: "Grace" });
    await hears(page, "rows", ["UPDATE", email]);
    await stage.api("DELETE", `/sources/main/records/${id}`);
    await hears(page, "rows", ["DELETE", email]);
  }],

  ["chromium: supabase-js without rights is refused", async (play) => {
    const { stage, page } = play;
    await open(play);
    assert.equal(await follow(page, stage.url, token("mallory", { sources: ["elsewhere"] })), "CHANNEL_ERROR");
  }],

  ["chromium: supabase-js goes on with a refreshed token, and not with one of less rights", async (play) => {
    const { stage, page } = play;
    await open(play);
    assert.equal(await follow(page, stage.url, token("ann", { seconds: 600 })), "SUBSCRIBED");
    await page.evaluate((fresh) => client.realtime.setAuth(fresh), token("ann", { seconds: 1200 }));
    const { email } = await addContact(stage);
    await hears(page, "rows", ["INSERT", email]);
    assert.deepEqual(await statuses(page), ["SUBSCRIBED"]);
    await page.evaluate((less) => client.realtime.setAuth(less), token("ann", { sources: ["elsewhere"] }));
    await eventually(async () => (await statuses(page)).length > 1, "it ends");
  }],

  ["chromium: supabase-js and socket.io come back after a restart of the server", async (play) => {
    const { stage, page, troubles } = play;
    await open(play);
    assert.equal(await follow(page, stage.url, token("ann")), "SUBSCRIBED");
    await page.evaluate(({ url, given }) => new Promise((done) => {
      window.entries = [];
      window.last = 0;
      window.socket = io(url, { transports: ["websocket"], reconnectionDelay: 100, reconnectionDelayMax: 300,
        auth: (give) => give({ token: given, topics: [{ topic: "records:main", ...(last && { after: last }) }] }) });
      socket.on("entry", ({ seq }) => {
        entries.push(seq);
        last = seq;
      });
      socket.once("connect", done);
    }), { url: stage.url, given: token("ann") });
    const before = await addContact(stage);
    await hears(page, "rows", ["INSERT", before.email]);
    await stage.server.stop();
    await eventually(async () => (await statuses(page)).includes("CHANNEL_ERROR"), "the app is told");
    await stage.up();
    for (let n = 0; n < 3; ++n) await addContact(stage);
    await eventually(async () => (await statuses(page)).at(-1) === "SUBSCRIBED", "subscribed again", 30_000);
    const after = await addContact(stage);
    await hears(page, "rows", ["INSERT", after.email]);
    const end = (await stage.api("GET", "/sources/main/status")).body.last_seq;
    await eventually(() => page.evaluate((end) => last >= end, end), "socket.io has every entry");
    const seqs = await page.evaluate(() => entries);
    assert.deepEqual(seqs, Array.from({ length: seqs.length }, (_, n) => seqs[0] + n), "no hole, no double");
    troubles.length = 0;  // refused connections are what a restart is
  }],

  ...["websocket", "polling", "polling,websocket"].map((transports) => [`chromium: socket.io by ${transports}: subscribe, receive, recover, refresh`, async (play) => {
    const { stage, page, troubles } = play;
    await open(play);
    await page.evaluate(({ url, given, transports }) => new Promise((done) => {
      window.heard = { rows: [], recovered: [] };
      window.socket = io(url, { transports: transports.split(","), auth: { token: given }, reconnectionDelay: 100, reconnectionDelayMax: 300 });
      for (const event of ["INSERT", "UPDATE"]) socket.on(event, (payload) => heard.rows.push([event, payload.new.email]));
      socket.on("connect", () => {
        heard.recovered.push(socket.recovered);
        done();
      });
    }), { url: stage.url, given: token("bob"), transports });
    assert.equal((await page.evaluate(() => socket.emitWithAck("subscribe", "ghl:main"))).ok, true);
    const first = await addContact(stage);
    await hears(page, "rows", ["INSERT", first.email]);
    // The connection breaks, something happens, it comes back: nothing is missed.
    await page.evaluate(() => socket.io.engine.close());
    const missed = await addContact(stage);
    await eventually(() => page.evaluate(() => heard.recovered.length === 2), "it comes back");
    assert.deepEqual(await page.evaluate(() => heard.recovered), [false, true]);
    await hears(page, "rows", ["INSERT", missed.email]);
    assert.equal(await page.evaluate((email) => heard.rows.filter(([event, one]) => event === "INSERT" && one === email).length, missed.email), 1);
    assert.deepEqual(await page.evaluate((fresh) => socket.emitWithAck("auth", { token: fresh }), token("bob", { seconds: 1200 })), { ok: true });
    const last = await addContact(stage);
    await hears(page, "rows", ["INSERT", last.email]);
    await page.evaluate(() => socket.disconnect());
    troubles.length = 0;  // a poll that was cut off
  }]),

  ["chromium: the page of another origin has nothing to complain about", async (play) => {
    await open(play);
    assert.equal(await follow(play.page, play.stage.url, token("ann")), "SUBSCRIBED");
    assert.deepEqual(play.troubles, []);
  }],
];
