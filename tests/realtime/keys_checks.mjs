// Tokens as Supabase issues them today: signed with ES256 or RS256, the keys published by the issuer, and rotated.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { io } from "socket.io-client";
import { eventually } from "../browser/stage.mjs";
import { addContact, base64url, claimsOf, holds, pause, same } from "./common.mjs";
import { client, subscribed } from "./supabase_checks.mjs";

class Key {
  constructor(kid, algorithm = "ES256") {
    Object.assign(this, { kid, algorithm });
    const pair = algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.secret = pair.privateKey;
    this.pem = pair.publicKey.export({ type: "spki", format: "pem" });
    this.jwk = { ...pair.publicKey.export({ format: "jwk" }), kid, alg: algorithm, use: "sig", key_ops: ["verify"], ext: true };
  }
  token(name, { header = {}, claims = {} } = {}) {
    const text = [{ alg: this.algorithm, kid: this.kid, typ: "JWT", ...header }, { ...claimsOf(name), aud: "authenticated", ...claims }]
      .map((part) => base64url(JSON.stringify(part))).join(".");
    return `${text}.${sign("sha256", Buffer.from(text), { key: this.secret, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }
}

// Publishes keys, and is one issuer more in the configuration.
class Issuer {
  delayMs = 0;
  asked = 0;
  static async start(play, keys) {
    const issuer = new Issuer();
    issuer.keys = keys;
    issuer.server = createServer(async (request, response) => {
      ++issuer.asked;
      await pause(issuer.delayMs);
      response.setHeader("Content-Type", "application/json").end(issuer.set());
    }).listen(0, "127.0.0.1");
    await once(issuer.server, "listening");
    const url = `http://127.0.0.1:${issuer.server.address().port}/auth/v1/.well-known/jwks.json`;
    const others = play.stage.access.replace(/ +- \{jwks.*\n/, "");
    play.stage.reload(`${others}    - {jwks: "${url}", audience: authenticated}\n`);
    await eventually(async () => (await status(play, keys[0].token("first"))) === 200, "the keys are there");
    return play.opened(issuer);
  }
  set() {
    return JSON.stringify({ keys: this.keys.map((key) => key.jwk) });
  }
  disconnect() {
    this.server.close();
  }
}

const get = (play, what, token, options = {}) => fetch(`${play.stage.url}/api/v1${what}`, { headers: { Authorization: `Bearer ${token}` }, ...options });
const status = async (play, token) => (await get(play, "/sources/main/status", token)).status;

async function listening(play, token) {
  const socket = play.opened(io(play.stage.url, { auth: { token }, forceNew: true, transports: ["websocket"], reconnectionDelay: 100, reconnectionDelayMax: 200 }));
  const told = [];
  socket.on("entry", (entry) => told.push(entry));
  await new Promise((done, failed) => socket.once("connect", done).once("connect_error", failed));
  holds((await socket.timeout(10_000).emitWithAck("subscribe", "records:main")).ok, "subscribed");
  return { socket, told };
}

export const keysChecks = [
  ["published keys: good tokens are taken, forged ones are not", async (play) => {
    const [ec, rsa] = [new Key("ec"), new Key("rsa", "RS256")];
    const issuer = await Issuer.start(play, [ec, rsa]);
    for (const key of [ec, rsa]) {
      same(await status(play, key.token("ann")), 200, key.algorithm);
      same(await subscribed(client(play, {}, key.token("ann")).channel("ghl:main")), "SUBSCRIBED", key.algorithm);
      (await listening(play, key.token("ann"))).socket.disconnect();
    }
    const hs256 = (secret, header) => {
      const text = rsa.token("mallory", { header: { alg: "HS256", ...header } }).replace(/\.[^.]*$/, "");
      return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
    };
    const now = Math.floor(Date.now() / 1000);
    const forged = {
      "another key of the same name": new Key("ec").token("mallory"),
      "a key that it brings along": new Key("ec").token("mallory", { header: { jwk: new Key("ec").jwk } }),
      "the public key as a secret": hs256(rsa.pem),
      "the key set as a secret": hs256(issuer.set(), { kid: "ec" }),
      "the number as a secret": hs256(Buffer.from(rsa.jwk.n, "base64url"), { alg: "RS256" }),
      "no signature": rsa.token("mallory", { header: { alg: "none" } }).replace(/[^.]*$/, ""),
      "the other key's name": ec.token("mallory", { header: { kid: "rsa" } }),
      "a name nobody knows": ec.token("mallory", { header: { kid: "nobody" } }),
      "no name": ec.token("mallory", { header: { kid: undefined } }),
      "expired": ec.token("mallory", { claims: { exp: now - 60 } }),
      "not valid yet": ec.token("mallory", { claims: { nbf: now + 60 } }),
      "from the future": ec.token("mallory", { claims: { iat: now + 60 } }),
      "for somebody else": ec.token("mallory", { claims: { aud: "anon" } }),
      "cut short": ec.token("mallory").slice(0, -1),
      "huge": ec.token("mallory", { claims: { x: "x".repeat(20_000) } }).slice(0, 30_000),
    };
    for (const [what, token] of Object.entries(forged)) {
      const found = await status(play, token);
      holds(found === 401 || (what === "huge" && found === 431), `${what}: ${found}`);
      const socket = play.opened(io(play.stage.url, { auth: { token }, forceNew: true, transports: ["websocket"] }));
      same(await new Promise((done) => socket.once("connect", () => done("connect")).once("connect_error", (error) => done(error.message))), "unauthorized", what);
      if (what !== "huge") same(await subscribed(client(play, {}, token).channel("ghl:main")), "CHANNEL_ERROR", what);  // it is a part of the URL there
    }
    same(await status(play, ec.token("eve", { claims: { app_metadata: { lockstep: { role: "owner", sources: ["elsewhere"] } } } })), 403, "another tenant's");
    same(issuer.asked, 1, "keys that are not known are not looked for again and again");
  }],

  ["published keys: one that is taken back ends subscriptions within 5 seconds", async (play) => {
    const [old, next] = [new Key("old"), new Key("next")];
    const issuer = await Issuer.start(play, [old, next]);
    const ended = await listening(play, old.token("ann"));
    const kept = await listening(play, next.token("bob"));
    const channel = client(play, {}, old.token("ann")).channel("ghl:main");
    same(await subscribed(channel), "SUBSCRIBED", "at first");
    const events = await get(play, "/sources/main/events", old.token("ann"));
    same(events.status, 200, "the event stream");

    issuer.keys = [next];
    play.stage.server.signal("SIGHUP");
    const began = Date.now();
    const limit = new Promise((_, failed) => setTimeout(() => failed(new Error("not within 5 seconds")), 5_000));
    const read = async () => {
      for await (const piece of events.body) void piece;
    };
    const gone = new Promise((done) => ended.socket.once("disconnect", done));
    const closed = eventually(() => channel.statuses.includes("CLOSED"), "closed", 5_000);
    const [reason] = await Promise.race([Promise.all([gone, read(), closed]), limit]);
    same(reason, "io server disconnect", "the reason");
    console.log(`  all three ended after ${Date.now() - began} ms`);
    same(await status(play, old.token("ann")), 401, "the old key");
    const { id } = await addContact(play.stage);
    await eventually(() => kept.told.some((entry) => entry.record === id), "the new key goes on");
    same(ended.told.some((entry) => entry.record === id), false, "told after the end");
  }],

  ["published keys: clients outlive a restart, also when the keys come late, and an issuer that is down", async (play) => {
    const key = new Key("only");
    const issuer = await Issuer.start(play, [key]);
    const { socket } = await listening(play, key.token("ann"));
    const channel = client(play, {}, key.token("ann")).channel("ghl:main");
    same(await subscribed(channel), "SUBSCRIBED", "at first");
    issuer.delayMs = 1500;
    await play.stage.server.stop();
    await eventually(() => !socket.connected && channel.statuses.at(-1) === "CHANNEL_ERROR", "disconnected");
    await play.stage.up();
    const early = await get(play, "/sources/main/status", key.token("ann"));
    same([early.status, early.headers.get("retry-after")], [429, "1"], "before the keys are there");
    await eventually(() => socket.connected, "socket.io is back");
    await eventually(() => channel.statuses.at(-1) === "SUBSCRIBED", "supabase-js is back", 30_000);
    issuer.disconnect();
    issuer.server.closeAllConnections();
    play.stage.server.signal("SIGHUP");
    await pause(1000);
    same(await status(play, key.token("ann")), 200, "the known key stays");
    same(socket.connected, true, "connected");
  }],
];
