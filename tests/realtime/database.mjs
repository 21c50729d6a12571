// A PostgreSQL server of its own in a temporary folder, on a unix socket only, with the tables of a recipe. Debian's
// PostgreSQL 15; run as root, the server is the user postgres, because it refuses root.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, chownSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const kBinaries = "/usr/lib/postgresql/15/bin";
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

export class Database {
  static installed() {
    return existsSync(`${kBinaries}/initdb`);
  }

  // The migrations of recipes/<recipe> are applied.
  static start(recipe) {
    const made = new Database();
    made.folder = mkdtempSync(path.join(tmpdir(), "lockstep-database-"));
    if (process.getuid() === 0) {
      const number = (flag) => Number(execFileSync("id", [flag, "postgres"]));
      chownSync(made.folder, number("-u"), number("-g"));
    }
    made.#server("initdb", "-D", made.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
    made.up();
    const folder = path.join(root, "recipes", recipe, "migrations");
    const files = readdirSync(folder).filter((name) => name.endsWith(".sql")).sort();
    made.#psql(["-1", ...files.flatMap((name) => ["-f", path.join(folder, name)])]);
    return made;
  }

  get data() {
    return path.join(this.folder, "data");
  }
  get url() {
    return `host=${this.folder} port=5432 dbname=postgres user=postgres`;
  }

  up() {
    this.#server("pg_ctl", "-D", this.data, "-l", path.join(this.folder, "server.log"), "-w", "-t", "60", "start", "-o",
      `-c listen_addresses='' -c unix_socket_directories='${this.folder}' -c fsync=off -c wal_level=logical -c shared_buffers=32MB`);
  }
  down() {
    this.#server("pg_ctl", "-D", this.data, "-m", "immediate", "-w", "-t", "60", "stop");
  }

  // Rows one per line, columns split by "|".
  sql(text) {
    return this.#psql(["-A", "-t", "-c", text]).trim();
  }
  // As a person with a token, through row-level security.
  sqlAs(claims, text) {
    const role = claims.role === "anon" ? "anon" : "authenticated";
    const quoted = JSON.stringify(claims).replaceAll("'", "''");
    return this.#psql(["-A", "-t", "-c", `begin; set local role ${role}; set local request.jwt.claims = '${quoted}'; ${text}; commit`]).trim();
  }

  stop() {
    try {
      this.down();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  #psql(args) {
    return execFileSync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", this.url, ...args],
      { encoding: "utf8", timeout: 60_000, env: { ...process.env, PGOPTIONS: "-c client_min_messages=warning" }, stdio: ["ignore", "pipe", "pipe"] });
  }
  #server(program, ...args) {
    const command = [`${kBinaries}/${program}`, ...args];
    const [file, ...rest] = process.getuid() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", ...command] : command;
    execFileSync(file, rest, { cwd: "/", timeout: 120_000, stdio: "ignore" });
  }
}
