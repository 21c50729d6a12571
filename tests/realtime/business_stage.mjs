// examples/business-directory as it stands, on a PostgreSQL of its own.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually, Program, tokenSecret } from "../browser/stage.mjs";
import { Database } from "./database.mjs";
import { token } from "./common.mjs";

const example = (name) => readFileSync(new URL(`../../examples/business-directory.${name}`, import.meta.url), "utf8");
const person = (n) => `00000000-0000-4000-8000-0000000000${n}`;
export const city = "springfield";
export const people = { cafe: person("c1"), salon: person("c2"), both: person("c3"), viewer: person("c4"), nobody: person("c5") };
export const opsKey = "ops-key-of-the-directory-tests", tillKey = "till-key-of-the-directory-tests";
// What a token says about rights does not count: they stand in the table.
export const tokenOf = (who) => token(people[who], { sources: [city], role: "owner" });
export const claimsOf = (who) => ({ sub: people[who], role: "authenticated" });

export class BusinessStage {
  static async start(binary) {
    const stage = new BusinessStage();
    stage.binary = binary;
    stage.database = Database.start("crm-mirror");
    try {
      stage.database.sql(example("sql"));
      stage.database.sql(`insert into members (user_id, city, role, business_id) values
        ('${people.cafe}', '${city}', 'business', 'cafe-7'), ('${people.salon}', '${city}', 'business', 'salon-1'),
        ('${people.both}', '${city}', 'business', 'cafe-7'), ('${people.both}', '${city}', 'business', 'salon-1'),
        ('${people.viewer}', '${city}', 'viewer', null)`);
      stage.folder = mkdtempSync(path.join(tmpdir(), "lockstep-directory-"));
      stage.environment = { ...process.env, DATABASE_URL: stage.database.url, SUPABASE_JWT_SECRET: tokenSecret, LOCKSTEP_API_KEY: opsKey, CAFE_API_KEY: tillKey };
      writeFileSync(path.join(stage.folder, "lockstep.yaml"), example("yaml").replace("server:\n", "server:\n  listen: 127.0.0.1:0\n").replace(", audience: authenticated", ""));
      const migrate = new Program(binary, ["migrate"], { cwd: stage.folder, env: stage.environment });
      if ((await migrate.ended()) !== 0) throw new Error(`migrate failed:\n${migrate.output}`);
      stage.server = new Program(binary, ["up"], { cwd: stage.folder, env: stage.environment });
      [, stage.url] = await stage.server.line(/listening on (http:\/\/\S+)/);
      await eventually(async () => (await stage.call(tokenOf("viewer"), "GET", `/api/v1/sources/${city}/status`)).status === 200, "the members are known");
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  async call(who, method, what, body) {
    const response = await fetch(`${this.url}${what}`, { method, headers: { ...(who ? { Authorization: `Bearer ${who}` } : {}), "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, text, body: text ? JSON.parse(text) : null, headers: response.headers };
  }

  async stop() {
    try {
      await this.server?.stop();
    } finally {
      this.database.stop();
      if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    }
  }
}
