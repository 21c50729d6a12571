// Without keys in the configuration: everybody on this machine, and nobody else, whatever key a client brings along.
import { execFileSync } from "node:child_process";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { holds, pause, same } from "./common.mjs";
import { client, subscribed } from "./supabase_checks.mjs";

const firstOf = (socket) => new Promise((done) => socket.once("connect", () => done("connect")).once("connect_error", (error) => done(error.message)));

export const openChecks = [
  ["open: any key will do for a dashboard on this machine", async (play) => {
    const channel = client(play, {}, "whatever-the-dashboard-has").channel("ghl:main");
    same(await subscribed(channel), "SUBSCRIBED", "supabase-js");
    same(await firstOf(play.opened(io(play.stage.url, { forceNew: true }))), "connect", "socket.io");
  }],

  ["open: a page from elsewhere that runs on this machine gets nothing", async (play) => {
    const extraHeaders = { Origin: "https://evil.example" };
    for (const transports of [["websocket"], ["polling"]]) {
      same(await firstOf(play.opened(io(play.stage.url, { forceNew: true, transports, extraHeaders }))), "unauthorized", transports[0]);
    }
    class FromElsewhere extends WebSocket {
      constructor(address, protocols) {
        super(address, protocols, { origin: "https://evil.example" });
      }
    }
    const channel = client(play, { transport: FromElsewhere }, "whatever").channel("ghl:main");
    same(await subscribed(channel), "CHANNEL_ERROR", "supabase-js");
    const local = io(play.stage.url, { forceNew: true, extraHeaders: { Origin: "http://localhost:5173" } });
    same(await firstOf(play.opened(local)), "connect", "a page that is developed on this machine");
  }],

  // The last one: it ends the openness.
  ["open: the first account ends it, and accounts are managed by the command line", async (play) => {
    const { stage } = play;
    const password = "correct horse battery";
    const run = (args, { input = "", key } = {}) => execFileSync(stage.binary, ["user", ...args, "--url", stage.url],
      { cwd: stage.folder, input, encoding: "utf8", env: { ...stage.environment, ...(key ? { LOCKSTEP_API_KEY: key } : {}) }, stdio: ["pipe", "pipe", "pipe"] });
    const status = async (token, what = "/sources") => (await fetch(`${stage.url}/api/v1${what}`, { headers: token ? { Authorization: `Bearer ${token}` } : {} })).status;
    same(await status(), 200, "open");
    same(run(["add", "boss@example.com", "--role", "admin", "--everywhere"], { input: `${password}\n` }), "boss@example.com: added\n", "added");
    same(await status(), 401, "not open any more");
    const key = run(["sign-in", "boss@example.com"], { input: `${password}\n` }).trim();
    same(await status(key, "/accounts"), 200, "the session");
    run(["add", "bob@example.com", "--role", "viewer", "--source", "main"], { input: "another good password\n", key });
    holds(/bob@example.com +viewer of main/.test(run(["list"], { key })), "listed");
    const bob = run(["sign-in", "bob@example.com"], { input: "another good password\n" }).trim();
    same([await status(bob, "/sources/main/status"), await status(bob, "/accounts")], [200, 403], "a viewer");
    const socket = play.opened(io(stage.url, { auth: { token: bob }, forceNew: true, transports: ["websocket"] }));
    await new Promise((done) => socket.once("connect", done));
    const ended = new Promise((done) => socket.once("disconnect", done));
    run(["remove", "bob@example.com"], { key });
    same(await Promise.race([ended, pause(5_000)]), "io server disconnect", "removed");
    same(await status(bob), 401, "a removed account");
    const before = stage.server.output;
    await stage.server.stop();
    await stage.up();
    same([await status(key, "/accounts"), await status()], [200, 401], "after a restart");
    let refused = "";
    try {
      run(["sign-in", "boss@example.com"], { input: "not the password\n" });
    } catch (error) {
      refused = error.stderr;
    }
    holds(/do not belong together/.test(refused), `refused: ${refused}`);
    for (const secret of [password, "another good password", key, bob, "boss@example.com", "bob@example.com"]) {
      holds(!(before + stage.server.output).includes(secret), `the log tells ${secret}`);
    }
  }],
];
