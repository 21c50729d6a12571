// Businesses in one source: what one sees by the API it sees at /rest/v1 and by SQL, and no more; with the real clients.
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { city, claimsOf, opsKey, people, tillKey, tokenOf } from "./business_stage.mjs";
import { client, subscribed } from "./supabase_checks.mjs";

const api = `/api/v1/sources/${city}`;
const kRevokedMs = 5_000;
const ids = {};

async function make(stage, entity, fields) {
  const made = await stage.call(opsKey, "POST", `${api}/records`, { entity, fields });
  same(made.status, 201, made.text);
  return made.body.record;
}
const idle = (stage) => eventually(async () => (await stage.call(opsKey, "GET", `${api}/status`)).body.counts.pending === 0, "all is written");

async function filled(stage) {
  if (ids.cafe) return;
  ids.cafe = await make(stage, "profile", { business_id: "cafe-7", name: "Cafe", status: "approved", plan: "starter" });
  ids.salon = await make(stage, "profile", { business_id: "salon-1", name: "Secret Salon", status: "approved", plan: "pro" });
  ids.nobodys = await make(stage, "profile", { name: "Secret of the city" });
  for (const [business, text] of [["cafe-7", "Second cup"], ["cafe-7", "Cake"], ["salon-1", "Secret cut"]])
    ids[text] = await make(stage, "offer", { business_id: business, title: text, status: "pending" });
  await idle(stage);
}

const relations = { profile: "profiles", offer: "offers" };
const line = (relation, one) => `${relation} ${one.business_id ?? ""} ${one.name ?? one.title}`;
const wanted = {
  "cafe-7": ["offers cafe-7 Cake", "offers cafe-7 Second cup", "profiles cafe-7 Cafe"],
  "salon-1": ["offers salon-1 Secret cut", "profiles salon-1 Secret Salon"],
};
const all = [...wanted["cafe-7"], ...wanted["salon-1"], "profiles  Secret of the city"].sort();

async function byApi(stage, who) {
  const answer = await stage.call(who, "GET", `${api}/records?limit=500`);
  return answer.status === 200 ? answer.body.items.map(({ entity, fields }) => line(relations[entity], fields)).sort() : answer.status;
}
async function byRest(stage, who) {
  const out = [];
  for (const relation of Object.values(relations)) {
    const answer = await stage.call(who, "GET", `/rest/v1/${relation}?select=*`);
    same(answer.status, 200, answer.text);
    out.push(...answer.body.map((one) => line(relation, one)));
  }
  return out.sort();
}
// `settings` beside the claims, as Lockstep tells of those whom only it knows.
function bySql(stage, claims, settings = {}) {
  const told = Object.entries(settings).map(([name, value]) => `set local lockstep.${name} = '${JSON.stringify(value)}';`).join(" ");
  return Object.values(relations).flatMap((relation) => JSON.parse(stage.database.sqlAs(claims, `${told} select coalesce(json_agg(x), '[]') from ${relation} x`))
    .map((one) => line(relation, one))).sort();
}

export const businessChecks = [
  ["businesses: the API, /rest/v1 and SQL show everybody the same", async (play) => {
    const { stage } = play;
    await filled(stage);
    const password = "correct horse battery";
    same((await stage.call(opsKey, "PUT", `${api}/people/sue`, { role: "business", business: "salon-1", password })).status, 200, "an account of a business");
    const sue = (await stage.call("", "POST", "/api/v1/session", { account: "sue", password, token: true })).body.token;
    const mine = { cafe: wanted["cafe-7"], salon: wanted["salon-1"], both: [...wanted["cafe-7"], ...wanted["salon-1"]].sort(), viewer: all, nobody: [] };
    for (const who of Object.keys(people)) {
      same(await byApi(stage, tokenOf(who)), who === "nobody" ? 403 : mine[who], `${who} by the API`);
      same(await byRest(stage, tokenOf(who)), mine[who], `${who} at /rest/v1`);
      same(bySql(stage, claimsOf(who)), mine[who], `${who} by SQL`);
    }
    const user = { role: "authenticated" };
    for (const [key, business] of [[tillKey, "cafe-7"], [sue, "salon-1"]]) {
      same(await byApi(stage, key), wanted[business], `a key or account of ${business} by the API`);
      same(await byRest(stage, key), wanted[business], `the same at /rest/v1`);
      same(bySql(stage, user, { sources: {}, businesses: { [city]: [business] } }), wanted[business], `the same by SQL`);
    }
    same(await byRest(stage, opsKey), all, "an administrator");
    same(bySql(stage, user, { sources: {}, businesses: { elsewhere: ["cafe-7"] } }), [], "the same name in another source");
  }],

  ["businesses: no question at /rest/v1 shows another's row", async (play) => {
    const { stage } = play;
    await filled(stage);
    for (const who of [tokenOf("cafe"), tillKey]) {
      for (const what of ["profiles?business_id=eq.salon-1", "profiles?or=(business_id.eq.salon-1,id.not.is.null)", "offers?select=title,profiles(*)", "profiles?order=plan.desc&limit=1",
        "profiles?plan=eq.pro", "profiles?business_id=not.eq.cafe-7", "offers?limit=1&offset=2", "profiles?name=like.*ecret*", "offers?select=business_id::text&order=business_id.desc",
        "members?select=*", "cities?select=*", "profiles?select=*&id=not.is.null"]) {
        const answer = await stage.call(who, "GET", `/rest/v1/${what}`);
        holds(!/secret|salon|pro\b/i.test(answer.text.replace(/profiles|property/g, "")), `${what}: ${answer.text}`);
      }
      for (const [relation, count] of [["profiles", 1], ["offers", 2]]) {
        const response = await fetch(`${stage.url}/rest/v1/${relation}?select=id&limit=1`, { method: "HEAD", headers: { Authorization: `Bearer ${who}`, Prefer: "count=exact" } });
        same(response.headers.get("content-range"), `0-0/${count}`, `how many ${relation}`);
      }
    }
  }],

  ["businesses: one changes what is left to it, and nothing else", async (play) => {
    const { stage } = play;
    await filled(stage);
    const edit = async (who, id, fields) => (await stage.call(who, "PATCH", `${api}/records/${id}`, { fields })).status;
    for (const who of [tokenOf("cafe"), tillKey]) {
      for (const fields of [{ status: "approved" }, { plan: "pro" }, { name: "x", plan: "pro" }, { business_id: "salon-1" }]) same(await edit(who, ids.cafe, fields), 403, JSON.stringify(fields));
      for (const fields of [{ name: "x" }, { plan: "pro" }, { business_id: "cafe-7" }]) same(await edit(who, ids.salon, fields), 404, `another's ${JSON.stringify(fields)}`);
      same((await stage.call(who, "GET", `${api}/records/${ids.salon}`)).status, 404, "another's record");
      for (const what of ["status", "jobs", "conflicts", "deadletters", "inbox", "people"]) same((await stage.call(who, "GET", `${api}/${what}`)).status, 403, what);
    }
    same(await edit(tokenOf("cafe"), ids.cafe, { name: "Cafe Seven" }), 200, "its name");
    await eventually(() => stage.database.sql("select name from profiles where business_id = 'cafe-7'") === "Cafe Seven", "in the table");
    same(stage.database.sql("select plan from profiles where business_id = 'cafe-7'"), "starter", "the plan");
    const { body } = await stage.call(tokenOf("cafe"), "GET", `${api}/records/${ids.cafe}`);
    const rename = body.history.find((entry) => entry.kind === "edit" && entry.body.fields.name);
    same((await stage.call(tokenOf("both"), "POST", `${api}/journal/${rename.seq}/undo`, {})).status, 403, "undone by another of the business");
    same((await stage.call(tokenOf("salon"), "POST", `${api}/journal/${rename.seq}/undo`, {})).status, 404, "undone by another business");
    same((await stage.call(tokenOf("cafe"), "POST", `${api}/journal/${rename.seq}/undo`, {})).status, 200, "undone");
    await eventually(() => stage.database.sql("select name from profiles where business_id = 'cafe-7'") === "Cafe", "back in the table");
  }],

  ["businesses: what one hears by Supabase Realtime is its own, and ends with its right", async (play) => {
    const { stage } = play;
    await filled(stage);
    await idle(stage);
    const heard = {};
    const channels = {};
    for (const who of ["cafe", "salon", "viewer"]) {
      const supabase = client(play, {}, tokenOf(who));
      same(await subscribed(supabase.channel(`ghl:${city}`)), who === "viewer" ? "SUBSCRIBED" : "CHANNEL_ERROR", `all rows of the city for ${who}`);
      heard[who] = [];
      channels[who] = supabase.channel("changes").on("postgres_changes", { event: "*", schema: "public", table: "offers" }, (change) => heard[who].push(change));
      same(await subscribed(channels[who]), "SUBSCRIBED", who);
    }
    const change = async (fields) => {
      same((await stage.call(opsKey, "PATCH", `${api}/records/${ids.Cake}`, { fields })).status, 200, JSON.stringify(fields));
      await idle(stage);
      await pause(200);
    };
    await change({ terms: "while it lasts" });
    await change({ business_id: "salon-1", terms: "secret terms" });
    await change({ terms: "more secrets" });
    await change({ business_id: "cafe-7", terms: "back again" });
    const told = (who) => heard[who].map(({ eventType, new: row }) => [eventType, row.terms ?? null]);
    same(told("viewer"), [["UPDATE", "while it lasts"], ["UPDATE", "secret terms"], ["UPDATE", "more secrets"], ["UPDATE", "back again"]], "a viewer");
    same(told("cafe"), [["UPDATE", "while it lasts"], ["DELETE", null], ["INSERT", "back again"]], "the former owner");
    same(told("salon"), [["INSERT", "secret terms"], ["UPDATE", "more secrets"], ["DELETE", null]], "the next one");
    holds(!/secret/i.test(JSON.stringify(heard.cafe)), JSON.stringify(heard.cafe));
    holds(!/back again|while it/.test(JSON.stringify(heard.salon)), JSON.stringify(heard.salon));

    stage.database.sql(`delete from members where user_id = '${people.cafe}'`);
    const began = Date.now();
    await eventually(async () => (await byApi(stage, tokenOf("cafe"))) === 403 && channels.cafe.statuses.at(-1) !== "SUBSCRIBED", "the right is gone", kRevokedMs);
    console.log(`  it ended after ${Date.now() - began} ms`);
    const before = heard.cafe.length;
    await change({ terms: "not for him" });
    same(heard.cafe.length, before, "told after the end");
    same(await byRest(stage, tokenOf("cafe")), [], "at /rest/v1");
  }],
];
