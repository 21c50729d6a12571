// The recipe crm-mirror as it runs: a PostgreSQL of its own with the recipe's migrations, two locations of the sandbox, and
// the program with the recipe's configuration. People have tokens as Supabase issues them.
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, Program, tokenSecret } from "../browser/stage.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const recipe = path.join(root, "recipes/crm-mirror");

export const sourceA = "aaaaaaaa-0000-4000-8000-000000000001";
export const sourceB = "bbbbbbbb-0000-4000-8000-000000000002";
export const operatorKey = "operator-key-of-the-mirror-tests";
export const screenKey = "screen-key-of-the-mirror-tests";    // a viewer's, of A
export const partnerKey = "partner-key-of-the-mirror-tests";  // an owner's, of B
const idOf = (tail) => `00000000-0000-4000-8000-0000000000${tail}`;
export const people = {
  viewer: { id: idOf("a1"), role: "viewer", sources: [sourceA] },
  editor: { id: idOf("a2"), role: "editor", sources: [sourceA] },
  owner: { id: idOf("a3"), role: "owner", sources: [sourceA] },
  foreigner: { id: idOf("b3"), role: "owner", sources: [sourceB] },
  both: { id: idOf("c1"), role: "viewer", sources: [sourceA, sourceB] },
  nobody: { id: idOf("d1"), role: "viewer", sources: [] },
};

const base64url = (text) => Buffer.from(text).toString("base64url");

function sign(claims, secret = tokenSecret) {
  const now = Math.floor(Date.now() / 1000);
  const text = `${base64url(JSON.stringify({ alg: "HS256", typ: "JWT" }))}.${base64url(JSON.stringify({ iat: now, exp: now + 3600, ...claims }))}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

export function tokenOf(name, more = {}, secret = tokenSecret) {
  const { id } = people[name];
  return sign({ sub: id, role: "authenticated", ...more }, secret);
}
export const anonKey = () => sign({ role: "anon" });
export const serviceKey = () => sign({ role: "service_role" });

// The recipe's file up to its sources, with another server and access, and two sources.
function configuration(stage) {
  const shared = readFileSync(path.join(recipe, "lockstep.yaml"), "utf8")
    .replace(stage.edits === "open" ? /^ *edits: none\n/gm : "", "").replace(/^server:\n(?: .*\n|\n)*?(?=\S)/m, "").replace(/^access:\n(?: .*\n|\n)*?(?=\S)/m, "").replace("migrations: ./migrations", `migrations: ${recipe}/migrations`).split(/^sources:/m)[0];
  const uses = [...shared.split(/^entities:/m)[1].matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name);
  const source = (id, crm, title, location) => `  - id: ${id}
    systems:
      crm: {<<: *crm, ${Object.entries(crm).filter(([name]) => name !== "connector" && name !== "token").map(([name, value]) => `${name}: ${value}`).join(", ")}, token: {env: TOKEN_${id[0].toUpperCase()}}}
      db: {<<: *db, scope: {source_id: ${id}}, variables: {name: ${title}, location_id: ${location}}}
    use: [${uses.join(", ")}]
${id === sourceA && stage.schedules ? `    schedules: ${stage.schedules}\n` : ""}`;
  return `${shared}
server:
  listen: ${stage.listen}
  data: ${stage.folder}/data
  rest: {system: db}
${stage.realtime ? `  realtime: ${stage.realtime}\n` : ""}access:
  api_keys:
    - {name: ops, key: {env: OPERATOR_KEY}, role: admin}
    - {name: screen, key: {env: SCREEN_KEY}, role: viewer, sources: [${sourceA}]}
    - {name: partner, key: {env: PARTNER_KEY}, role: owner, sources: [${sourceB}]}
  jwt:
    - {secret: {env: TOKEN_SECRET}}
  members:
    - {system: db, table: user_sources, user: user_id, source: source_id, role: role}
sources:
${source(sourceA, stage.crms.A.settings, "Alpha", stage.crms.A.location)}${source(sourceB, stage.crms.B.settings, "Beta", `${stage.crms.B.location}-b`)}`;
}

export class MirrorStage {
  crms = {};

  // `worker`: the program signs in to the database as a role of its own with this password. `schedules`: of source A, as YAML.
  // `realtime`: of the server's configuration, where another one than the recipe's is wanted. `edits`: "open" where records
  // may be edited through the API, which the recipe does not allow.
  static async start(binary, { worker, schedules, realtime, edits } = {}) {
    const stage = new MirrorStage();
    stage.schedules = schedules;
    stage.realtime = realtime;
    stage.edits = edits;
    stage.folder = mkdtempSync(path.join(tmpdir(), "lockstep-mirror-"));
    stage.binary = binary;
    stage.listen = "127.0.0.1:0";
    const here = path.join(root, "tests/recipes/crm_mirror");
    stage.cluster = new Program("bash", ["-c", 'source "$0/cluster.sh" && start_cluster && PGDATABASE=postgres sql "create database one" && echo "cluster at $PGHOST." && read -r', here], { cwd: stage.folder });
    stage.socket = (await stage.cluster.line(/cluster at (\S+)\.\n/))[1];
    for (const [name, contacts] of [["A", 150], ["B", 7]]) {
      const program = new Program(binary, ["sandbox", "gohighlevel", "--contacts", "0", "--opportunities", "0"], { cwd: stage.folder });
      await program.line(/webhook_public_key: .*\n/);
      const settings = Object.fromEntries([...program.output.matchAll(/^ {4}(\w+): (.*)$/gm)].map(([, key, value]) => [key, value]));
      stage.crms[name] = { program, settings, url: JSON.parse(settings.base_url), location: JSON.parse(settings.location_id) };
      await stage.control(name, "POST", "seed", { contacts, opportunities: 30, orders: 20, transactions: 25, products: 3, reviews: 10, seed: name === "A" ? 1 : 2, events: false });
    }
    stage.environment = { ...process.env, DATABASE_URL: `host=${stage.socket} port=5432 dbname=one user=postgres`, TOKEN_SECRET: tokenSecret,
      OPERATOR_KEY: operatorKey, SCREEN_KEY: screenKey, PARTNER_KEY: partnerKey, TOKEN_A: JSON.parse(stage.crms.A.settings.token), TOKEN_B: JSON.parse(stage.crms.B.settings.token) };
    await stage.migrate();
    if (worker !== undefined) {
      stage.sql(`create role mirror_worker superuser login password '${worker}'`);
      stage.environment.DATABASE_URL = `host=${stage.socket} port=5432 dbname=one user=mirror_worker password=${worker}`;
    }
    stage.sql(`insert into auth.users (id) values ${Object.values(people).map(({ id }) => `('${id}')`).join(",")};
      insert into user_sources (user_id, source_id, role) values ${Object.values(people).flatMap(({ id, role, sources }) => sources.map((one) => `('${id}', '${one}', '${role}')`)).join(",")}`);
    await stage.up();
    return stage;
  }

  // Blocks: nothing else may be under way meanwhile. The lines of the answer.
  sql(statements) {
    const done = spawnSync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", this.socket, "-U", "postgres", "-d", "one"], { input: statements, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`psql: ${done.stderr}`);
    return done.stdout.trim();
  }

  async migrate() {
    writeFileSync(path.join(this.folder, "lockstep.yaml"), configuration(this));
    const migrate = new Program(this.binary, ["migrate"], { cwd: this.folder, env: this.environment });
    if ((await migrate.ended()) !== 0) throw new Error(`migrate failed:\n${migrate.output}`);
  }

  async up() {
    writeFileSync(path.join(this.folder, "lockstep.yaml"), configuration(this));
    this.server = new Program(this.binary, ["up"], { cwd: this.folder, env: this.environment });
    const [, url] = await this.server.line(/listening on (http:\/\/\S+)/);
    this.url = url;
    this.listen = url.replace("http://", "");
    await eventually(async () => (await this.call("viewer", "GET", `/api/v1/sources/${sourceA}/status`)).status === 200, "the members are known");
  }

  // What a person does in the CRM.
  async control(name, method, what, body) {
    const response = await fetch(`${this.crms[name].url}/_sandbox/${what}`, {
      method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${what}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async call(who, method, what, body, headers = {}) {
    const authorization = who === "" ? {} : { Authorization: `Bearer ${people[who] ? tokenOf(who) : who}` };
    const response = await fetch(`${this.url}${what}`, { method, headers: { ...authorization, "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body) });
    const text = await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, body: json };
  }

  async stop() {
    try {
      await this.server?.stop();
    } finally {
      for (const { program } of Object.values(this.crms)) await program.stop();
      this.cluster.say("\n");
      await this.cluster.ended();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}
