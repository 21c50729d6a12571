// Who may change what in the mirror: rows come from the CRM alone, and what runs the mirror never leaves the server.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import WebSocket from "ws";
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { operatorKey, people, sourceA, sourceB, tokenOf } from "./mirror_stage.mjs";
import { tables, views } from "./rest_checks.mjs";

const api = `/api/v1/sources/${sourceA}`;
const mirrored = tables.filter((name) => name.startsWith("ghl_") && name !== "ghl_sources");
const entities = ["contact", "pipeline", "opportunity", "order", "payment", "review", "sync_job"];

const filled = (stage) => eventually(() => Number(stage.sql(`select count(*) from ghl_contacts where source_id = '${sourceA}'`)) >= 150, "the mirror is there", 60_000);
// Of every row of the mirror its version in PostgreSQL.
const versions = (stage) => mirrored.map((name) => stage.sql(`select '${name} ' || coalesce(md5(string_agg(id || ' ' || xmin, ',' order by id)), '') from ${name}`)).join("\n");
const idle = (stage) => eventually(async () => {
  const { body } = await stage.call(operatorKey, "GET", `${api}/status`);
  return body.jobs.every((job) => job.state !== "waiting" && job.state !== "running") && body.counts.pending === 0;
}, "all is written", 60_000);
const pull = (stage, who) => stage.call(who, "POST", "/functions/v1/poll-ghl-contacts", { source_id: sourceA, locationId: stage.crms.A.location });

export const workerPassword = "password-of-the-worker-7f3a";
const ownersToken = "pit-of-the-owner-5d0e8a";

// What a stream says within a while.
async function listened(url, headers, forMs = 800) {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(forMs) });
    let text = JSON.stringify([...response.headers]);
    try {
      for await (const piece of response.body.pipeThrough(new TextDecoderStream())) text += piece;
    } catch {
      // it does not end by itself
    }
    return text;
  } catch (error) {
    return String(error);
  }
}

// Frames of a websocket, as they come.
async function socket(play, address, hello, into) {
  const one = new WebSocket(address);
  play.opened({ disconnect: () => one.close() });
  one.on("message", (bytes) => into.push({ what: "a frame", text: bytes.toString() }));
  one.on("error", () => {});
  await new Promise((done) => one.once("open", done).once("close", done));
  for (const text of hello) one.send(text);
}

// All that the program says to anybody: every route of the API's description with every method, as everybody; tables, views,
// functions, the page's files; the frames of both kinds of sockets and of streams; the log.
async function everythingSaid(play) {
  const { stage } = play;
  const said = [];
  const socketUrl = stage.url.replace("http", "ws");
  for (const who of ["viewer", "owner", operatorKey]) {
    const token = people[who] ? tokenOf(who) : who;
    await socket(play, `${socketUrl}/socket.io/?EIO=4&transport=websocket`, [`40${JSON.stringify({ token })}`,
      `420["subscribe","records:${sourceA}"]`, `421["subscribe","ghl:${sourceA}"]`, `422["subscribe","ghl:nothing"]`], said);
    await socket(play, `${socketUrl}/realtime/v1/websocket?apikey=${token}&vsn=1.0.0`, [
      JSON.stringify({ topic: `realtime:ghl:${sourceA}`, event: "phx_join", ref: "1", join_ref: "1", payload: { access_token: token, config: { private: true, postgres_changes: [{ event: "*", schema: "public" }] } } })], said);
  }
  await stage.control("A", "POST", "contacts", { firstName: "Heard", email: `heard.${Date.now()}@a.test` });
  await pull(stage, "editor");
  const { body: records } = await stage.call(operatorKey, "GET", `${api}/records?limit=1`);
  const text = readFileSync(new URL("../../docs/api/openapi.yaml", import.meta.url), "utf8").split(/^components:/m)[0];
  const fill = { source: sourceA, id: records.items?.[0]?.id ?? "none", system: "crm", seq: "1", field: "email", account: "nobody" };
  const routes = [];
  let at = "";
  for (const line of text.split("\n")) {
    at = /^ {2}(\/\S*):$/.exec(line)?.[1] ?? at;
    const method = /^ {4}(get|post|put|patch|delete):$/.exec(line)?.[1];
    if (method && !at.startsWith("/hooks")) routes.push([method.toUpperCase(), at.replace(/\{(\w+)\}/g, (_, name) => fill[name] ?? name)]);
  }
  holds(routes.length > 40, `${routes.length} routes`);
  const more = [...tables, ...views].map((name) => `/rest/v1/${name}`).concat(readdirSync(new URL("../../console", import.meta.url)).map((name) => `/${name}`), ["/", "/nothing"]);
  for (const who of ["", "viewer", "editor", "owner", operatorKey]) {
    const authorization = who === "" ? {} : { Authorization: `Bearer ${people[who] ? tokenOf(who) : who}` };
    for (const [method, what] of routes) {
      if (method === "GET" && what.endsWith("/events")) {
        said.push({ what, text: await listened(`${stage.url}${what}?after=0`, authorization) });
        continue;
      }
      const answer = await stage.call(who, method, what, method === "GET" ? undefined : "{}");
      said.push({ what: `${method} ${what}`, text: JSON.stringify([...answer.headers]) + answer.text });
    }
    for (const what of more) {
      const answer = await stage.call(who, "GET", what);
      said.push({ what, text: JSON.stringify([...answer.headers]) + answer.text });
    }
    const called = await pull(stage, who);
    said.push({ what: "a function", text: called.text });
  }
  await pause(300);
  holds(said.some(({ what, text: frame }) => what === "a frame" && frame.includes("INSERT")), "frames of rows are among them");
  said.push({ what: "the log", text: stage.server.output });
  return said;
}

export const rightsChecks = [
  ["CM_014_no_end_user_writes_a_mirrored_row", async (play) => {
    const { stage } = play;
    await filled(stage);
    same((await pull(stage, "editor")).status, 200, "a job is there too");
    await idle(stage);
    const before = versions(stage);
    const one = {};
    for (const entity of entities) {
      const { body } = await stage.call(operatorKey, "GET", `${api}/records?entity=${entity}&limit=1`);
      one[entity] = body.items[0];
      holds(one[entity], `a ${entity}`);
    }
    const field = { contact: "email", pipeline: "name", opportunity: "amount", order: "status", payment: "amount", review: "rating", sync_job: "status" };
    const value = { contact: "eve@example.com", pipeline: "Eve", opportunity: "1", order: "eve", payment: "1", review: 1, sync_job: "failed" };
    for (const who of ["viewer", "editor", "owner", operatorKey]) {
      const wanted = who === "viewer" ? 403 : 422;
      for (const entity of entities) {
        const { id, fields } = one[entity];
        const change = { [field[entity]]: value[entity] };
        const edited = await stage.call(who, "PATCH", `${api}/records/${id}`, { fields: change });
        same(edited.status, wanted, `${who} edits a ${entity}: ${edited.text}`);
        if (wanted === 422) {
          holds(edited.body.detail.includes(`'${entity}' takes no edits`), edited.text);
          if (entity !== "sync_job") holds(edited.body.detail.includes(`'${field[entity]}' comes from crm`), edited.text);
        }
        same((await stage.call(who, "PATCH", `${api}/records/${id}`, { fields: { [field[entity]]: fields[field[entity]] } })).status, wanted, `${who} sets what is there`);
        same((await stage.call(who, "DELETE", `${api}/records/${id}`)).status, wanted, `${who} deletes a ${entity}`);
        same((await stage.call(who, "POST", `${api}/records`, { entity, fields: change })).status, wanted, `${who} makes a ${entity}`);
      }
      const history = (await stage.call(operatorKey, "GET", `${api}/records/${one.contact.id}`)).body.history;
      for (const { seq } of history.filter(({ kind }) => kind === "change")) {
        const undone = await stage.call(who, "POST", `${api}/journal/${seq}/undo`, {});
        holds([403, 409, 422].includes(undone.status), `${who} undoes ${seq}: ${undone.text}`);
      }
      const decided = await stage.call(who, "POST", `${api}/conflicts/resolve`, { record: one.contact.id, field: "email", value: "eve@example.com" });
      same(decided.status, who === "viewer" || who === "editor" ? 403 : 422, `${who} decides: ${decided.text}`);
    }
    // A change that came from the CRM is not undone, neither alone nor with its whole job.
    await stage.control("A", "POST", "contacts", { firstName: "Undo", email: "undo@a.test" });
    await eventually(async () => (await pull(stage, "editor")).status === 200 && stage.sql("select count(*) from ghl_contacts where email = 'undo@a.test'") === "1", "it is mirrored", 30_000);
    const id = (await stage.control("A", "GET", "contacts")).contacts.find(({ email }) => email === "undo@a.test").id;
    await stage.control("A", "PUT", `contacts/${id}`, { firstName: "Changed" });
    await eventually(async () => (await pull(stage, "editor")).status === 200 && stage.sql("select first_name from ghl_contacts where email = 'undo@a.test'") === "Changed", "it is mirrored again", 30_000);
    await idle(stage);
    const { body: found } = await stage.call(operatorKey, "GET", `${api}/records?query=${encodeURIComponent("undo@a.test")}`);
    const { body: record } = await stage.call(operatorKey, "GET", `${api}/records/${found.items[0].id}`);
    const rename = record.history.find(({ kind, disposition, reason }) => kind === "change" && disposition === "applied" && reason !== "created");
    const contacts = versions(stage).split("\n")[0];
    for (const body of [{}, { force: true }]) same((await stage.call("owner", "POST", `${api}/journal/${rename.seq}/undo`, body)).status, 422, "undo");
    const job = rename.body.job;
    const whole = await stage.call("owner", "POST", `${api}/jobs/${job}/undo`, { force: true });
    holds(whole.status < 300, whole.text);
    await eventually(async () => (await stage.call("owner", "GET", `${api}/jobs/${whole.body.id}`)).body.state === "done", "the undoing ends");
    same((await stage.call("owner", "GET", `${api}/jobs/${whole.body.id}`)).body.done, 0, "nothing was undone");
    same(versions(stage).split("\n")[0], contacts, "the contacts");
    same(versions(stage).split("\n")[1], before.split("\n")[1], "the pipelines");
    same(stage.sql("select count(*) from ghl_contacts where email = 'eve@example.com'"), "0", "nobody's own value");
  }],

  ["CM_013_viewers_read_editors_trigger_syncs_owners_manage_mappings_and_credentials", async (play) => {
    const { stage } = play;
    await filled(stage);
    await idle(stage);
    const tried = {};
    for (const who of ["viewer", "editor", "owner"]) {
      const send = async (method, what, body) => (await stage.call(who, method, what, body)).status;
      tried[who] = {
        reads: [await send("GET", `${api}/status`), await send("GET", `${api}/records`), await send("GET", "/rest/v1/v_ghl_dashboard_summary"), await send("GET", `${api}/jobs`)],
        syncs: [(await pull(stage, who)).status, await send("POST", `${api}/jobs`, { system: "crm", kind: "pull" })],
        decides: [await send("POST", `${api}/systems/crm/pause`, { reason: "a test" }), await send("POST", `${api}/systems/crm/resume`, {})],
        people: await send("GET", `${api}/people`),
        credential: await send("PUT", `${api}/systems/crm/credential`, { credential: `pit-set-by-${who}` }),
      };
    }
    const reads = [200, 200, 200, 200];
    same(tried.viewer, { reads, syncs: [403, 403], decides: [403, 403], people: 403, credential: 403 }, "viewer");
    same(tried.editor, { reads, syncs: [200, 202], decides: [403, 403], people: 403, credential: 403 }, "editor");
    same(tried.owner, { reads, syncs: [200, 202], decides: [200, 200], people: 200, credential: 200 }, "owner");
    // The owner's credential is none that the CRM knows: a sync says so, until he sets one that it does.
    await eventually(async () => (await pull(stage, "editor")).status === 401, "the CRM refuses the new credential", 20_000);
    await stage.control("A", "POST", "tokens", { token: ownersToken });
    same((await stage.call("owner", "PUT", `${api}/systems/crm/credential`, { credential: ownersToken })).status, 200, "the right one");
    await stage.control("A", "POST", "contacts", { firstName: "New", email: "new.credential@a.test" });
    await eventually(async () => (await pull(stage, "editor")).status === 200 && stage.sql("select count(*) from ghl_contacts where email = 'new.credential@a.test'") === "1", "it is read with the new one", 30_000);
    for (const credential of ["with blanks", "two\r\nlines: 1", ""]) same((await stage.call("owner", "PUT", `${api}/systems/crm/credential`, { credential })).status, 422, "no token");
    same((await stage.call("owner", "PUT", `${api}/systems/db/credential`, { credential: "x" })).status, 422, "a system without one");
    same((await stage.call("foreigner", "PUT", `${api}/systems/crm/credential`, { credential: "x" })).status, 403, "the owner of another source");
    // Mappings: an owner says by SQL who may see his source, and the program follows.
    const as = (who, statement) => stage.sql(`begin; set local role authenticated; set local request.jwt.claims = '{"sub": "${people[who].id}", "role": "authenticated"}'; ${statement}; commit`);
    const map = `insert into user_sources (user_id, source_id, role) values ('${people.nobody.id}', '${sourceA}', 'viewer')`;
    for (const who of ["viewer", "editor", "foreigner", "nobody"]) {
      let refused = "";
      try {
        as(who, map);
      } catch (error) {
        refused = error.message;
      }
      holds(refused.includes("row-level security"), `${who} maps: ${refused}`);
    }
    same((await stage.call("nobody", "GET", `${api}/status`)).status, 403, "not mapped yet");
    as("owner", map);
    await eventually(async () => (await stage.call("nobody", "GET", `${api}/status`)).status === 200, "mapped", 10_000);
    same((await pull(stage, "nobody")).status, 403, "as a viewer");
    as("owner", `delete from user_sources where user_id = '${people.nobody.id}' and source_id = '${sourceA}'`);
    await eventually(async () => (await stage.call("nobody", "GET", `${api}/status`)).status === 403, "not mapped any more", 10_000);
    // After a restart the owner's credential still counts, and the file's again once that changes.
    await stage.server.stop();
    await stage.up();
    await eventually(async () => (await pull(stage, "editor")).status === 200, "with the kept credential", 30_000);
  }],

  ["CM_015_the_workers_identity_passes_the_filters_and_reaches_no_client", async (play) => {
    const { stage } = play;
    await filled(stage);
    // Both sources are written by one identity that no policy filters.
    same(stage.sql("select count(distinct source_id) from ghl_contacts"), "2", "the sources");
    holds(Number(stage.sql("select count(*) from pg_stat_activity where usename = 'mirror_worker'")) > 0, "who works");
    same(stage.sql("select rolbypassrls or rolsuper from pg_roles where rolname = 'mirror_worker'"), "t", "past row-level security");
    const said = await everythingSaid(play);
    for (const secret of ["mirror_worker", workerPassword, stage.environment.DATABASE_URL, operatorKey, stage.environment.TOKEN_SECRET])
      same(said.filter(({ text }) => text.includes(secret)).map(({ what }) => what), [], `"${secret}"`);
    // Nobody becomes the worker by a token that he makes or a role that he asks for.
    for (const role of ["service_role", "postgres", "mirror_worker", "supabase_admin"]) {
      const answer = await stage.call(tokenOf("viewer", { role }), "GET", "/rest/v1/ghl_contacts?limit=500");
      holds(!Array.isArray(answer.body) || answer.body.every(({ source_id }) => source_id === sourceA), `${role}: ${answer.status}`);
    }
  }],

  ["CM_016_no_credential_is_said_and_what_is_kept_is_sealed", async (play) => {
    const { stage } = play;
    await filled(stage);
    await stage.control("A", "POST", "tokens", { token: ownersToken });
    same((await stage.call("owner", "PUT", `${api}/systems/crm/credential`, { credential: ownersToken })).status, 200, "a credential is set");
    const secrets = [stage.environment.TOKEN_A, stage.environment.TOKEN_B, ownersToken];
    const said = await everythingSaid(play);
    // One that the CRM refuses is told with its reason, and not with itself.
    same((await stage.call("owner", "PUT", `${api}/systems/crm/credential`, { credential: "pit-refused-0123456789" })).status, 200, "a wrong one");
    await eventually(async () => (await pull(stage, "editor")).status === 401, "it is refused", 20_000);
    said.push(...(await everythingSaid(play)));
    same((await stage.call("owner", "PUT", `${api}/systems/crm/credential`, { credential: ownersToken })).status, 200, "the right one again");
    holds(said.length > 300, `${said.length} answers and frames`);
    for (const secret of [...secrets, "pit-refused-0123456789"]) same(said.filter(({ text }) => text.includes(secret)).map(({ what }) => what), [], `"${secret.slice(0, 8)}…"`);
    // On the disk: sealed.
    await stage.server.stop();
    const data = path.join(stage.folder, "data");
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => path.join(one.parentPath ?? one.path, one.name));
    const stored = files.map((file) => readFileSync(file).toString("latin1"));
    for (const secret of [...secrets, "pit-refused-0123456789"]) same(files.filter((_, at) => stored[at].includes(secret)), [], "files that hold it");
    holds(stored.some((text) => text.includes("connector/secret/token") && text.includes('"box"')), "it is there, sealed");
    await stage.up();
    // In the database: nowhere, for nobody.
    for (const table of [...tables.map((name) => `public.${name}`), "ghl_mirror.source_credentials"]) {
      const rows = stage.sql(`select coalesce(string_agg(t::text, ' '), '') from ${table} t`);
      holds(![...secrets].some((secret) => rows.includes(secret)), `${table} holds a credential`);
    }
    for (const role of ["anon", "authenticated"]) {
      let refused = "";
      try {
        stage.sql(`begin; set local role ${role}; select * from ghl_mirror.source_credentials; commit`);
      } catch (error) {
        refused = error.message;
      }
      holds(refused.includes("permission denied"), `${role}: ${refused}`);
    }
  }],
];
