// What dashboards read at /rest/v1, with supabase-js as it comes from npm, against the recipe's views.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { anonKey, operatorKey, partnerKey, people, screenKey, serviceKey, sourceA, sourceB, tokenOf } from "./mirror_stage.mjs";

export const tables = ["user_sources", "ghl_sources", "ghl_contacts", "ghl_pipelines", "ghl_opportunities", "ghl_orders", "ghl_payments", "ghl_reviews", "ghl_sync_jobs"];
export const views = ["v_ghl_contacts_recent", "v_ghl_opportunities_report", "v_ghl_pipeline_stage_summary", "v_ghl_revenue_summary",
  "v_ghl_reviews_summary", "v_ghl_reviews_recent", "v_ghl_sync_status", "v_ghl_dashboard_summary"];

// As a dashboard makes it: the project's anonymous key, and the token of whoever has signed in.
export function dashboard(play, who, transport = WebSocket) {
  const headers = who === undefined ? {} : { Authorization: `Bearer ${people[who] ? tokenOf(who) : who}` };
  const client = createClient(play.stage.url, anonKey(), {
    auth: { persistSession: false, autoRefreshToken: false }, global: { headers }, realtime: { transport } });
  if (who !== undefined) client.realtime.setAuth(people[who] ? tokenOf(who) : who);
  return play.opened(client);
}

const filled = (stage) => eventually(() => stage.sql("select (select count(*) from ghl_contacts where source_id = '" + sourceA + "') >= 150 and (select count(*) from ghl_contacts where source_id = '" + sourceB + "') >= 7") === "t",
  "both locations are mirrored", 60_000);

async function rowsOf(client, name, ask = (query) => query) {
  const { data, error } = await ask(client.from(name).select("*"));
  if (error) throw new Error(`${name}: ${JSON.stringify(error)}`);
  return data;
}

const sourceOf = (name) => (name === "ghl_sources" ? "id" : "source_id");

// Rows of the address and rows of the database itself, as sets: neither promises an order.
const asSet = (rows) => rows.map((row) => JSON.stringify(row)).sort();

// The same question, asked by direct SQL with what PostgREST would set; null: the role may not ask.
function direct(stage, role, claims, name, where = "true") {
  const as = role === "postgres" ? "" : `set local role ${role}; set local request.jwt.claims = '${JSON.stringify(claims)}';`;
  try {
    return JSON.parse(stage.sql(`begin read only; ${as} select coalesce(json_agg(x), '[]') from (select * from ${name} where ${where} limit 1000) x; commit`));
  } catch (error) {
    if (/permission denied/.test(error.message)) return null;
    throw error;
  }
}

export const restChecks = [
  ["rest: everybody reads what direct SQL with the same rights reads", async (play) => {
    const { stage } = play;
    await filled(stage);
    await eventually(async () => (await stage.call(operatorKey, "GET", `/api/v1/sources/${sourceB}/status`)).body.counts.pending === 0, "all is written");
    const password = "correct horse battery";
    const signIn = async (account) => (await stage.call("", "POST", "/api/v1/session", { account, password, token: true })).body.token;
    same((await stage.call(operatorKey, "PUT", `/api/v1/sources/${sourceA}/people/cleo`, { role: "editor", password })).status, 200, "an account of A");
    const root = await stage.call(operatorKey, "POST", "/api/v1/accounts", { account: "root", password, everywhere: "admin" });
    same(root.status, 201, JSON.stringify(root.body));
    // An account that has the name of a user of the table.
    const named = await stage.call(operatorKey, "POST", "/api/v1/accounts", { account: people.both.id, password });
    same(named.status, 201, JSON.stringify(named.body));
    const user = (name) => ["authenticated", { sub: people[name].id, role: "authenticated" }];
    const all = ["postgres"];
    // Who asks at the address; as whom the database is asked; and of the table of mappings, which has no row about keys.
    const askers = {
      ...Object.fromEntries(Object.keys(people).map((name) => [`user ${name}`, [tokenOf(name), user(name), user(name)]])),
      "anonymous key": [anonKey(), ["anon", { role: "anon" }], ["anon", { role: "anon" }]],
      "unknown key": ["sb_publishable_x", ["anon", { role: "anon" }], ["anon", { role: "anon" }]],
      "administrator's key": [operatorKey, all, all],
      "viewer's key": [screenKey, user("viewer"), user("nobody")],
      "owner's key": [partnerKey, user("foreigner"), user("foreigner")],
      "editor's account": [await signIn("cleo"), user("editor"), user("nobody")],
      "administrator's account": [await signIn("root"), all, all],
      "user's account": [await signIn(people.both.id), user("both"), user("both")],
    };
    let rows = 0;
    for (const [title, [token, rights, mappings]] of Object.entries(askers)) {
      for (const name of [...tables, ...views]) {
        const as = name === "user_sources" ? mappings : rights;
        for (const [query, where] of [["", "true"], [`${sourceOf(name)}=eq.${sourceB}`, `${sourceOf(name)} = '${sourceB}'`]]) {
          const answer = await stage.call(token, "GET", `/rest/v1/${name}?${query}`);
          const wanted = direct(stage, as[0], as[1], name, where);
          if (wanted === null) {
            same([answer.status, answer.body.code], [401, "42501"], `${title} asks ${name}`);
            continue;
          }
          same(answer.status, 200, `${title} asks ${name}: ${answer.text.slice(0, 200)}`);
          same(asSet(answer.body), asSet(wanted), `${title} asks ${name} ${where}`);
          rows += answer.body.length;
        }
      }
    }
    holds(rows > 3_000, `only ${rows} rows were compared`);
    console.log(`  ${Object.keys(askers).length} callers, ${tables.length + views.length} relations, ${rows} rows compared`);
    // What was taken away is not read any more.
    const [, [session]] = Object.entries(askers).find(([title]) => title === "editor's account");
    same((await stage.call(operatorKey, "DELETE", `/api/v1/sources/${sourceA}/people/cleo`)).status, 200, "the right is taken");
    const after = await stage.call(session, "GET", "/rest/v1/ghl_contacts");
    same([after.status, after.body], [200, []], "and nothing is read any more");
  }],

  ["rest: what supabase-js asks", async (play) => {
    const { stage } = play;
    await filled(stage);
    const client = dashboard(play, "viewer");
    const page = await client.from("v_ghl_contacts_recent").select("id, mail:email, source_name", { count: "exact" })
      .eq("source_id", sourceA).order("updated_at", { ascending: false, nullsFirst: false }).order("id").range(10, 19);
    same([page.error, page.status, page.count, page.data.length, Object.keys(page.data[0])], [null, 206, 150, 10, ["id", "mail", "source_name"]], "a page");
    const wanted = stage.sql(`select string_agg(id::text, ',') from (select id from ghl_contacts where source_id = '${sourceA}' order by updated_at desc nulls last, id limit 10 offset 10) x`);
    same(page.data.map(({ id }) => id).join(), wanted, "the rows of the page");
    const some = page.data.slice(0, 3).map(({ mail }) => mail);
    const found = await client.from("ghl_contacts").select("email").in("email", [...some, "no, \"such\" one"]).order("email");
    same(found.data.map(({ email }) => email), [...some].sort(), "in");
    const [first] = (await client.from("ghl_contacts").select("id,first_name,tags").order("id").limit(1)).data;
    const like = await client.from("ghl_contacts").select("id").ilike("first_name", `${first.first_name.slice(0, 2)}%`).eq("id", first.id);
    same(like.data, [{ id: first.id }], "ilike");
    const none = await client.from("ghl_contacts").select("id").is("email", null).not("id", "is", null).gt("updated_at", "2100-01-01").lte("created_at", "now");
    same([none.error, none.data], [null, []], "no rows");
    const either = await client.from("ghl_contacts").select("id").or(`id.eq.${first.id},and(email.eq.x,not.or(phone.is.null,phone.eq.y))`);
    same(either.data, [{ id: first.id }], "or");
    const tagged = await client.from("ghl_contacts").select("id", { count: "exact", head: true }).contains("tags", first.tags);
    holds(tagged.data === null && tagged.count >= 1, `head: ${JSON.stringify(tagged)}`);
    const summary = await client.from("v_ghl_dashboard_summary").select("*").eq("source_id", sourceA).maybeSingle();
    same([summary.error, summary.data.total_contacts], [null, 150], "maybeSingle");
    const nothing = await client.from("v_ghl_dashboard_summary").select("*").eq("source_id", people.nobody.id).maybeSingle();
    same([nothing.error, nothing.data], [null, null], "maybeSingle of nothing");
    const single = await client.from("v_ghl_dashboard_summary").select("*").eq("source_id", people.nobody.id).single();
    same([single.status, single.error.code], [406, "PGRST116"], "single of nothing");
    const many = await client.from("ghl_contacts").select("*").single();
    same([many.status, many.error.code], [406, "PGRST116"], "single of many");
  }],

  ["rest: mistakes are said as PostgREST says them", async (play) => {
    const client = dashboard(play, "viewer");
    const asked = async (query) => {
      const { status, error } = await query;
      return [status, error.code];
    };
    same(await asked(client.from("nope").select("*")), [404, "42P01"], "no such view");
    same(await asked(client.from("ghl_contacts").select("nope")), [400, "42703"], "no such column");
    same(await asked(client.from("ghl_contacts").select("*").eq("id", "not-a-uuid")), [400, "22P02"], "no uuid");
    same(await asked(client.from("ghl_contacts").select("id, ghl_sources(name)")), [400, "PGRST200"], "embedding");
    same(await asked(client.from("pg_authid").select("*")), [404, "42P01"], "a catalog");
    same(await asked(client.schema("ghl_mirror").from("source_credentials").select("*")), [406, "PGRST106"], "another schema");
    const injected = await client.from("ghl_contacts").select("*").eq("email", "x' or '1'='1").order("email\"; drop table ghl_contacts; --");
    same(injected.error.code, "42703", "SQL in a name");
  }],

  ["CM_010_a_user_gets_the_rows_of_his_sources_only", async (play) => {
    const { stage } = play;
    await filled(stage);
    const [client, both] = [dashboard(play, "viewer"), dashboard(play, "both")];
    for (const name of [...tables, ...views]) {
      const rows = await rowsOf(client, name);
      holds(rows.every((row) => row[sourceOf(name)] === sourceA), `${name} shows a foreign row`);
      const crafted = await rowsOf(client, name, (query) => query.or(`${sourceOf(name)}.eq.${sourceB},not.and(${sourceOf(name)}.eq.${sourceB},${sourceOf(name)}.is.null)`));
      holds(crafted.every((row) => row[sourceOf(name)] === sourceA), `${name} shows a foreign row to a query by hand`);
      const counted = await client.from(name).select("*", { count: "exact", head: true }).eq(sourceOf(name), sourceB);
      same(counted.count, 0, `${name} counts foreign rows`);
    }
    same((await rowsOf(client, "ghl_contacts")).length, 150, "one's own");
    same((await both.from("ghl_contacts").select("id", { count: "exact", head: true })).count, 157, "of both");
    // Realtime: a foreign topic is refused, and nothing of it is heard elsewhere.
    const heard = [];
    const foreign = client.channel(`ghl:${sourceB}`).on("broadcast", { event: "*" }, (one) => heard.push(one));
    const refused = await new Promise((done) => foreign.subscribe((status) => done(status)));
    same(refused, "CHANNEL_ERROR", "a foreign topic");
    await client.removeChannel(foreign);
    const own = [];
    const channel = client.channel(`ghl:${sourceA}`).on("broadcast", { event: "*" }, ({ payload }) => own.push(payload))
      .on("postgres_changes", { event: "*", schema: "public" }, (change) => heard.push(change));
    same(await new Promise((done) => channel.subscribe((status) => done(status))), "SUBSCRIBED", "one's own topic");
    const pull = (who, source, name) => stage.call(who, "POST", "/functions/v1/poll-ghl-contacts", { source_id: source, locationId: stage.crms[name].location });
    await stage.control("B", "POST", "contacts", { firstName: "Foreign", email: "foreign@b.test" });
    await stage.control("A", "POST", "contacts", { firstName: "Own", email: "own@a.test" });
    await eventually(async () => {
      await pull("foreigner", sourceB, "B");
      return stage.sql("select count(*) from ghl_contacts where email = 'foreign@b.test'") === "1";
    }, "the foreign change is stored", 30_000);
    await eventually(async () => {
      await pull("editor", sourceA, "A");
      return own.some(({ record }) => record?.email === "own@a.test");
    }, "one's own change is heard", 30_000);
    await pause(300);
    holds(!JSON.stringify([own, heard]).includes("foreign@b.test"), "a foreign change is heard");
  }],

  ["CM_012_anonymous_callers_get_nothing", async (play) => {
    const { stage } = play;
    await filled(stage);
    for (const who of [undefined, "sb_publishable_no_token", serviceKey()]) {
      const client = dashboard(play, who);
      for (const name of [...tables, ...views]) {
        const { data, error, status } = await client.from(name).select("*");
        holds(data === null && error !== null && [401, 403].includes(status), `${name}: ${status} ${JSON.stringify(data)?.slice(0, 200)}`);
      }
    }
    const client = dashboard(play);
    for (const config of [{}, { private: true }]) {
      const channel = client.channel(`ghl:${sourceA}`, { config });
      same(await new Promise((done) => channel.subscribe((status) => done(status))), "CHANNEL_ERROR", "a channel");
      await client.removeChannel(channel);
    }
    for (const token of [tokenOf("viewer", {}, "another-secret-0123456789-0123456789"), tokenOf("viewer", { exp: 1 }), `${tokenOf("viewer").split(".").slice(0, 2).join(".")}.`]) {
      const answer = await stage.call(token, "GET", "/rest/v1/ghl_contacts");
      same([answer.status, answer.body.code], [401, "PGRST301"], "a token that is not good");
    }
  }],

  ["part_of_CM_014_nobody_writes_through_rest", async (play) => {
    const { stage } = play;
    await filled(stage);
    const state = () => stage.sql("select md5(string_agg(c::text, '' order by id)) from ghl_contacts c");
    const before = state();
    for (const who of ["viewer", "editor", "owner", undefined]) {
      const client = dashboard(play, who);
      for (const query of [client.from("ghl_contacts").insert({ ghl_contact_id: "x", source_id: sourceA }), client.from("ghl_contacts").update({ email: "x" }).eq("source_id", sourceA),
        client.from("ghl_contacts").upsert({ ghl_contact_id: "x" }), client.from("ghl_contacts").delete().eq("source_id", sourceA)]) {
        const { status, error } = await query;
        same([status, error.code], [405, "25006"], `a write by ${who}`);
      }
    }
    same(state(), before, "the rows");
  }],

  ["part_of_CM_016_no_answer_and_no_log_holds_a_credential", async (play) => {
    const { stage } = play;
    await filled(stage);
    const secrets = [stage.environment.TOKEN_A, stage.environment.TOKEN_B];
    const said = [stage.server.output];
    for (const who of ["viewer", "owner", operatorKey]) {
      for (const what of [...tables, ...views].map((name) => `/rest/v1/${name}`).concat(["/api/v1/sources", `/api/v1/sources/${sourceA}/status`, `/api/v1/sources/${sourceA}/jobs`, "/metrics", "/"]))
        said.push((await stage.call(who, "GET", what)).text);
    }
    for (const secret of secrets) holds(!said.some((text) => text.includes(secret)), "a credential was told");
  }],

  ["rest: from a page of another origin", async (play) => {
    const asked = await fetch(`${play.stage.url}/rest/v1/ghl_contacts`, { method: "OPTIONS", headers: { Origin: "https://app.example",
      "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "apikey,authorization,x-client-info,prefer,accept-profile" } });
    same([asked.status, asked.headers.get("access-control-allow-origin"), asked.headers.get("access-control-allow-headers")],
      [200, "*", "apikey,authorization,x-client-info,prefer,accept-profile"], "the preflight");
    const answer = await play.stage.call("viewer", "GET", "/rest/v1/ghl_contacts?limit=1", undefined, { Origin: "https://app.example", Prefer: "count=exact" });
    same([answer.status, answer.headers.get("access-control-allow-origin"), answer.headers.get("access-control-expose-headers").includes("Content-Range")], [206, "*", true], "the answer");
  }],
];
