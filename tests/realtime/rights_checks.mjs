// Who may change what in the mirror: rows come from the CRM alone.
import { eventually } from "../browser/stage.mjs";
import { holds, same } from "./common.mjs";
import { operatorKey, sourceA } from "./mirror_stage.mjs";
import { tables } from "./rest_checks.mjs";

const api = `/api/v1/sources/${sourceA}`;
const mirrored = tables.filter((name) => name.startsWith("ghl_") && name !== "ghl_sources");
const entities = ["contact", "pipeline", "opportunity", "order", "payment", "review", "sync_job"];

const filled = (stage) => eventually(() => Number(stage.sql(`select count(*) from ghl_contacts where source_id = '${sourceA}'`)) >= 150, "the mirror is there", 60_000);
// Of every row of the mirror its version in PostgreSQL.
const versions = (stage) => mirrored.map((name) => stage.sql(`select '${name} ' || coalesce(md5(string_agg(id || ' ' || xmin, ',' order by id)), '') from ${name}`)).join("\n");
const idle = (stage) => eventually(async () => {
  const { body } = await stage.call(operatorKey, "GET", `${api}/status`);
  return body.jobs.length === 0 && body.counts.outbox.waiting === 0;
}, "all is written", 60_000);
const pull = (stage, who) => stage.call(who, "POST", "/functions/v1/poll-ghl-contacts", { source_id: sourceA, locationId: stage.crms.A.location });

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
];
