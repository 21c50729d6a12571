// What the checks play on: the real program, the CRM's sandbox beside it, and an SQLite file as the second system.
// Every port is 0; each stage has its own folder, which is removed at the end.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const viewerKey = "viewer-key-of-the-browser-tests";
export const ownerKey = "owner-key-of-the-browser-tests";

const kStartMs = 30_000;
const kContacts = 60;

export class Program {
  #process;
  #text = "";
  #watchers = new Set();

  constructor(file, args, options) {
    this.#process = spawn(file, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on("data", (bytes) => {
        this.#text += bytes;
        for (const look of this.#watchers) look();
      });
    }
  }

  // The first match of `pattern` in what the program has printed.
  line(pattern) {
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`no ${pattern} in:\n${this.#text}`)), kStartMs);
      const look = () => {
        const found = pattern.exec(this.#text);
        if (!found) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        done(found);
      };
      this.#watchers.add(look);
      look();
    });
  }

  // The exit code.
  ended() {
    return new Promise((done) => (this.#process.exitCode !== null ? done(this.#process.exitCode) : this.#process.once("exit", done)));
  }

  signal(name) {
    this.#process.kill(name);
  }

  get output() {
    return this.#text;
  }

  // What it reads.
  say(text) {
    this.#process.stdin.write(text);
  }

  get pid() {
    return this.#process.pid;
  }

  // A program that does not end well has failed, whatever the page showed: the sanitizers speak last.
  async stop(signal = "SIGTERM") {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise((done) => {
        this.#process.once("exit", done);
        this.#process.kill(signal);
      });
    }
    if (this.#process.exitCode !== 0) throw new Error(`ended with ${this.#process.exitCode ?? this.#process.signalCode}:\n${this.#text.slice(-4000)}`);
  }
}

const configuration = (folder, sandbox, listen, access) => `version: 1
server:
  listen: ${listen}
  data: ${folder}/data
${access}
sources:
  - id: main
    systems:
      crm:
        connector: gohighlevel
        location_id: ${JSON.parse(sandbox.location_id)}
        token: {env: SANDBOX_TOKEN}
        base_url: ${sandbox.base_url}
        webhook_public_key: ${sandbox.webhook_public_key}
        poll: {every: 60s, full_every: 24h}
      db:
        connector: sqlite
        path: ${folder}/crm.db
    entities:
      contact:
        fields:
          first_name: text
          last_name: text
          email: email
          phone: {type: phone, region: US}
          tags: set
        policy: {authority: [crm, db]}
        match: [email, phone]
        deletes: propagate
        systems:
          crm:
            object: contact
            fields:
              first_name: firstName
              last_name: lastName
              "*": "*"
          db:
            object: contacts
            fields: "*"
`;

const withKeys = `access:
  api_keys:
    - {name: looks, key: {env: VIEWER_KEY}, role: viewer}
    - {name: runs, key: {env: OWNER_KEY}, role: owner}
`;

export const tokenSecret = "secret-of-the-tokens-of-the-tests-0123456789";

const accesses = {
  open: "",
  new: "",
  keys: withKeys,
  tokens: `${withKeys}  jwt:
    - {secret: {env: TOKEN_SECRET}}
`,
  // With the table of the CRM mirror.
  members: `${withKeys}  jwt:
    - {secret: {env: TOKEN_SECRET}}
  members:
    - {system: db, table: user_sources, user: user_id, source: source_id, role: role, hold: 8s}
`,
};

export class Stage {
  // `access`: "open" (everybody on this machine is the administrator), "new" (nobody can get in yet), "keys", "tokens" (keys
  // too), or "members" (tokens, with rights in a table). Another `shape` is a function like configuration().
  static async start(binary, access, { shape = configuration, source = "main", environment = {} } = {}) {
    const stage = new Stage();
    stage.folder = mkdtempSync(path.join(tmpdir(), "lockstep-browser-"));
    stage.binary = binary;
    stage.sandbox = new Program(binary, ["sandbox", "gohighlevel", "--contacts", String(kContacts)], { cwd: stage.folder });
    await stage.sandbox.line(/webhook_public_key: .*\n/);
    const settings = {};
    for (const [, name, value] of stage.sandbox.output.matchAll(/^ {4}(\w+): (.*)$/gm)) settings[name] = value;
    stage.crm = JSON.parse(settings.base_url);
    stage.environment = { ...process.env, SANDBOX_TOKEN: JSON.parse(settings.token), VIEWER_KEY: viewerKey, OWNER_KEY: ownerKey, TOKEN_SECRET: tokenSecret, ...environment };
    stage.access = accesses[access];
    stage.config = (listen) => writeFileSync(path.join(stage.folder, "lockstep.yaml"),
      shape(stage.folder, settings, listen, stage.access));
    stage.config(access === "new" ? "0.0.0.0:0" : "127.0.0.1:0");
    stage.authorization = access !== "open" && access !== "new" ? { Authorization: `Bearer ${ownerKey}` } : {};
    const migrate = new Program(binary, ["migrate"], { cwd: stage.folder, env: stage.environment });
    if ((await migrate.ended()) !== 0) throw new Error(`migrate failed:\n${migrate.output}`);
    await stage.up();
    await stage.control("POST", "webhooks", { url: `${stage.url}/hooks/${source}/crm` });
    return stage;
  }

  async up() {
    this.server = new Program(this.binary, ["up"], { cwd: this.folder, env: this.environment });
    const [, url] = await this.server.line(/listening on (http:\/\/\S+)/);
    this.url = url.replace("0.0.0.0", "127.0.0.1");
    this.config(this.url.replace("http://", ""));  // the same port when it starts again
  }

  // Keys and tokens of another configuration, without a restart.
  reload(access) {
    this.access = access;
    this.config(this.url.replace("http://", ""));
    this.server.signal("SIGHUP");
  }

  // What a person does in the CRM.
  async control(method, what, body) {
    const response = await fetch(`${this.crm}/_sandbox/${what}`, {
      method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${what}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  // The API, beside the page.
  async api(method, what, body) {
    const response = await fetch(`${this.url}/api/v1${what}`, { method, headers: { ...this.authorization, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }

  async stop() {
    try {
      await this.server?.stop();
    } finally {
      await this.sandbox?.stop();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

// Asks again until `look` answers something true.
export async function eventually(look, what, limitMs = 45_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
