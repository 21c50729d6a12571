// What the mirror's tables come to hold, live: every change of all seven tables, as stock clients hear of it.
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { operatorKey, sourceA, sourceB } from "./mirror_stage.mjs";
import { dashboard } from "./rest_checks.mjs";
import { subscribed } from "./supabase_checks.mjs";

const operations = ["INSERT", "UPDATE", "DELETE"];

// The program reads everything once by itself after its start, and writes it.
export async function atRest(stage) {
  for (const source of [sourceA, sourceB]) {
    await eventually(async () => {
      const jobs = (await stage.call(operatorKey, "GET", `/api/v1/sources/${source}/jobs`)).body.items.filter(({ system }) => system === "crm");
      const { counts } = (await stage.call(operatorKey, "GET", `/api/v1/sources/${source}/status`)).body;
      return jobs.length > 0 && jobs.every(({ state }) => state !== "running") && counts.pending === 0;
    }, `the first mirror of ${source}`, 120_000);
  }
}

export async function poll(stage, type, more = {}) {
  const name = type === "all" ? "run-ghl-all" : `poll-ghl-${type}`;
  const { status, body, text } = await stage.call("editor", "POST", `/functions/v1/${name}`, { source_id: sourceA, locationId: stage.crms.A.location, mode: "full", ...more });
  same([status, body.ok], [200, true], `${name}: ${text}`);
  return body;
}

// A channel of a stock client, with all that it is told.
async function listening(play, topic, { who = "viewer", config = {} } = {}) {
  const told = [];
  const channel = dashboard(play, who).channel(topic, { config });
  for (const event of [...operations, "ROWS"]) channel.on("broadcast", { event }, (message) => told.push(message));
  same(await subscribed(channel), "SUBSCRIBED", topic);
  return { channel, told };
}

// Changes in the CRM, where its sandbox has them, else through the API; each ends when the mirror has been told to read it.
const inCrm = (type, what, made, changed) => ({
  make: async (stage) => Object.values(await stage.control("A", "POST", what, typeof made === "function" ? await made(stage) : made)).find((one) => one?.id).id,
  change: (stage, id) => stage.control("A", "PUT", `${what}/${id}`, changed),
  remove: (stage, id) => stage.control("A", "DELETE", `${what}/${id}`),
  read: (stage) => poll(stage, type),
});

const asOperator = async (stage, method, what, body) => {
  const answer = await stage.call(operatorKey, method, `/api/v1/sources/${sourceA}${what}`, body);
  holds(answer.status < 300, `${method} ${what}: ${answer.status} ${answer.text}`);
  return answer.body;
};
const byHand = (entity, made, changed) => ({
  make: async (stage) => (await asOperator(stage, "POST", "/records", { entity, fields: made })).record,
  change: (stage, id) => asOperator(stage, "PATCH", `/records/${id}`, { fields: changed }),
  remove: (stage, id) => asOperator(stage, "DELETE", `/records/${id}`),
  read: () => {},
});

async function aDeal(stage) {
  const [{ id: contactId }] = (await stage.control("A", "GET", "contacts?limit=1")).contacts;
  const [{ id: pipelineId, stages: [{ id: pipelineStageId }] }] = (await stage.control("A", "GET", "pipelines")).pipelines;
  return { name: "Live deal", monetaryValue: 40.5, status: "open", contactId, pipelineId, pipelineStageId };
}

const lives = {
  ghl_contacts: { ...inCrm("contacts", "contacts", { firstName: "Live", email: "live@a.test", tags: ["new"] }, { firstName: "Alive", tags: ["new", "seen"] }), sees: (row) => row.email === "live@a.test", shows: { first_name: "Alive" } },
  ghl_pipelines: { ...byHand("pipeline", { ghl_id: "pl-live", name: "Live", stages: [{ id: "s1", name: "New" }] }, { name: "Alive" }), sees: (row) => row.ghl_pipeline_id === "pl-live", shows: { name: "Alive" } },
  ghl_opportunities: { ...inCrm("opportunities", "opportunities", aDeal, { status: "won" }), sees: (row) => row.name === "Live deal", shows: { status: "won", amount: 40.5 } },
  ghl_orders: { ...inCrm("orders", "orders", { amount: 12.25, currency: "USD" }, { status: "completed" }), sees: (row) => row.amount === 12.25, shows: { status: "completed" } },
  ghl_payments: { ...inCrm("payments", "transactions", { amount: 99.75, currency: "USD" }, { status: "refunded" }), sees: (row) => row.amount === 99.75, shows: { status: "refunded" } },
  ghl_reviews: { ...inCrm("reviews", "reviews", { rating: 4, headline: "live review" }, { rating: 2 }), sees: (row) => row.review_text === "live review", shows: { rating: 2 } },
  ghl_sync_jobs: { ...byHand("sync_job", { job_type: "contacts", status: "running", location_id: "live", progress: { current_page: 1 } }, { status: "completed" }), sees: (row) => row.location_id === "live", shows: { status: "completed" } },
};

// Columns that the database itself fills, and nobody has mapped: the row has them, messages do not.
const own = { all: ["mirrored_at"], ghl_pipelines: ["created_at", "updated_at"], ghl_sync_jobs: ["created_at"] };

const rowOf = (stage, table, id) => JSON.parse(stage.sql(`select to_jsonb(t) from ${table} t where id = '${id}'`) || "null");

// Times have several spellings.
const plain = (row) => Object.fromEntries(Object.entries(row).sort().map(([name, value]) => [name, /_at$/.test(name) && value !== null ? Date.parse(value) : value]));

function isTheRow(table, told, row) {
  const known = Object.fromEntries(Object.entries(row).filter(([name]) => !own.all.includes(name) && !(own[table] ?? []).includes(name)));
  same(plain(told), plain(known), `${table} as told, and by SQL`);
}

function isWhole({ type, event, payload }, table) {
  same([type, payload.schema, payload.table, payload.operation], ["broadcast", "public", table, event], "the message");
  same(Object.keys(payload).sort(), ["new", "old", "old_record", "operation", "record", "schema", "seq", "table", "timestamp"], "its keys");
  same([payload.new, payload.old], [payload.record, payload.old_record], "both vocabularies");
  same([payload.old === null, payload.new === null], [event === "INSERT", event === "DELETE"], `what ${event} leaves empty`);
  holds(Math.abs(Date.now() - Date.parse(payload.timestamp)) < 60_000, `the time ${payload.timestamp}`);
}

// Makes, changes and removes an object of each table; what was told of it.
async function everyChange(stage, told, note = () => {}) {
  for (const [table, life] of Object.entries(lives)) {
    const of = (event) => eventually(() => told.find((one) => one.event === event && one.payload.table === table && life.sees(one.payload.record ?? one.payload.old_record)), `${event} of ${table}`);
    const id = await life.make(stage);
    await life.read(stage);
    const insert = await of("INSERT");
    const row = insert.payload.record.id;
    await note(table, insert, rowOf(stage, table, row));
    await life.change(stage, id);
    await life.read(stage);
    const update = await of("UPDATE");
    same(update.payload.record.id, row, "the same row");
    for (const [name, value] of Object.entries(life.shows)) same(update.payload.new[name], value, `${table}.${name}`);
    await note(table, update, rowOf(stage, table, row));
    await life.remove(stage, id);
    await life.read(stage);
    const gone = await of("DELETE");
    same(gone.payload.old.id, row, "the same row");
    await note(table, gone, rowOf(stage, table, row));
  }
}

export const liveChecks = [
  ["CM_041_every_change_of_the_seven_tables_is_told_on_its_source", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const { told } = await listening(play, `ghl:${sourceA}`);
    const elsewhere = await listening(play, `ghl:${sourceB}`, { who: "both" });
    await everyChange(stage, told, (table, { event, payload }, row) => {
      // A contact or an opportunity that is deleted in the CRM is marked in its table, and gone from every view.
      if (event === "DELETE") return holds(row === null || row.deleted_at !== null, `${table}: the row is still there`);
      same(payload.record.source_id, sourceA, "the source");
      return isTheRow(table, payload.record, row);
    });
    for (const table of Object.keys(lives)) {
      const ofTable = told.filter(({ payload }) => payload.table === table && lives[table].sees(payload.record ?? payload.old_record));
      same(ofTable.map(({ event }) => event), operations, `${table}: each change once, in order`);
    }
    same(elsewhere.told, [], "on another source's topic");
  }],

  ["CM_042_messages_carry_both_vocabularies", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const { told } = await listening(play, `ghl:${sourceA}`);
    const before = {};
    await everyChange(stage, told, (table, message) => {
      isWhole(message, table);
      // What a message says stood there before is what the one before it has said.
      if (message.event !== "INSERT") same(message.payload.old, before[table], `${table}: before ${message.event}`);
      before[table] = message.payload.new;
    });
    for (const message of told) isWhole(message, message.payload.table);
  }],

  ["a contact that is restored comes as INSERT again", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const { told } = await listening(play, `ghl:${sourceA}`);
    const { id } = Object.values(await stage.control("A", "POST", "contacts", { firstName: "Phoenix", email: "phoenix@a.test" }))[0];
    const steps = async (wanted) => eventually(() => told.filter(({ payload }) => (payload.record ?? payload.old_record).email === "phoenix@a.test").map(({ event }) => event).join() === wanted, wanted);
    await poll(stage, "contacts");
    await steps("INSERT");
    await stage.control("A", "DELETE", `contacts/${id}`);
    await poll(stage, "contacts");
    await steps("INSERT,DELETE");
    await stage.control("A", "POST", `contacts/${id}/restore`);
    await poll(stage, "contacts");
    await steps("INSERT,DELETE,INSERT");
    const back = told.filter(({ payload }) => payload.record?.email === "phoenix@a.test").at(-1);  // rows of jobs are told too
    same(back.payload.record.deleted_at, null, "not deleted");
  }],

  ["CM_050_a_stock_client_joins_public_or_private", async (play) => {
    const { stage } = play;
    await atRest(stage);
    const kinds = { plain: {}, self: { broadcast: { self: true } }, private: { private: true }, both: { private: true, broadcast: { self: true, ack: true } } };
    const heard = {};
    for (const [name, config] of Object.entries(kinds)) heard[name] = (await listening(play, `ghl:${sourceA}`, { config })).told;
    const rows = [];
    const changes = dashboard(play, "viewer").channel("db").on("postgres_changes", { event: "*", schema: "public", table: "ghl_contacts", filter: `source_id=eq.${sourceA}` }, (change) => rows.push(change));
    const others = dashboard(play, "both").channel("db").on("postgres_changes", { event: "*", schema: "public", table: "ghl_contacts", filter: `source_id=eq.${sourceB}` }, (change) => rows.push(change));
    same([await subscribed(changes), await subscribed(others)], ["SUBSCRIBED", "SUBSCRIBED"], "postgres_changes");
    const life = lives.ghl_contacts;
    const id = await life.make(stage);
    await life.read(stage);
    await life.change(stage, id);
    await life.read(stage);
    await life.remove(stage, id);
    await life.read(stage);
    const of = (told) => told.filter(({ payload }) => life.sees(payload.record ?? payload.old_record));
    for (const [name, told] of Object.entries(heard)) {
      await eventually(() => of(told).length === 3, `${name}: ${JSON.stringify(of(told).map(({ event }) => event))}`);
      same(of(told).map(({ event }) => event), operations, name);
      same(of(told), of(heard.plain), `${name} hears the same`);
    }
    await eventually(() => rows.length === 3, "postgres_changes with the filter of the source");
    same(rows.map(({ eventType }) => eventType), operations, "postgres_changes");
    same([rows[0].new.source_id, rows[1].new.first_name], [sourceA, "Alive"], "their rows");
  }],

  ["CM_019_channels_that_are_not_of_a_source_are_left_alone", async (play) => {
    const { stage } = play;
    // Whoever has signed in talks on any other channel, whatever is mapped; the filter of sources is for ghl: alone.
    const topics = ["room-1", "chat:ghl:x", "ghl-news", "ghlx:1", `notes:${sourceA}`, "GHL:shouting", "a b"];
    const pairs = [["viewer", "editor"], ["nobody", "nobody"]];
    for (const topic of topics) {
      for (const isPrivate of [false, true]) {
        for (const [one, other] of pairs) {
          const [a, b] = [dashboard(play, one).channel(topic, { config: { private: isPrivate, broadcast: { ack: true } } }), dashboard(play, other).channel(topic, { config: { private: isPrivate } })];
          const heard = [];
          b.on("broadcast", { event: "hello" }, ({ payload }) => heard.push(payload.n));
          same([await subscribed(a), await subscribed(b)], ["SUBSCRIBED", "SUBSCRIBED"], `${topic} of ${one} and ${other}`);
          same(await a.send({ type: "broadcast", event: "hello", payload: { n: 7 } }), "ok", topic);
          await eventually(() => heard.length === 1, `${topic}: ${other} hears ${one}`);
          await Promise.all([a.unsubscribe(), b.unsubscribe()]);
        }
      }
    }
    same(await subscribed(dashboard(play, "nobody").channel(`ghl:${sourceA}`)), "CHANNEL_ERROR", "the filter");
    const quiet = await listening(play, "ghl-news");
    const live = await listening(play, `ghl:${sourceA}`);
    await poll(stage, "pipelines");
    await eventually(() => live.told.length > 0, "rows are told on the source's channel");
    await pause(200);
    same(quiet.told, [], "and on no other");
  }],
];
