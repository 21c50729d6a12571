// Syncs at set times: cron expressions per source, entities and mode, with the rows that their jobs have.
import { eventually } from "../browser/stage.mjs";
import { holds, pause, same } from "./common.mjs";
import { sourceA, sourceB } from "./mirror_stage.mjs";

export const everyMinute = `
      - {cron: "* * * * *", function: poll-ghl-contacts}
      - {cron: "* * * * *", function: poll-ghl-orders, mode: full}
      - {cron: "0 4 29 2 *", function: run-ghl-all}`;

const minute = 60_000;
const rows = (stage, source = sourceA) => JSON.parse(stage.sql(`select coalesce(json_agg(j order by started_at), '[]') from ghl_sync_jobs j where source_id = '${source}'`));
const ofType = (stage, type) => rows(stage).filter(({ job_type }) => job_type === type);

export const scheduleChecks = [
  ["CM_064_schedules_per_source_entity_and_mode_and_missed_runs_do_not_pile_up", async (play) => {
    const { stage } = play;
    await eventually(() => ofType(stage, "contacts").length > 0 && ofType(stage, "orders").every(({ status }) => status === "completed") && ofType(stage, "orders").length > 0, "the first runs", 2 * minute);
    for (const { job_type, progress, started_at } of rows(stage)) {
      same([progress.triggered_by, progress.mode], ["schedule", job_type === "orders" ? "full" : "incremental"], job_type);
      // Jobs of one minute run one after the other.
      holds(new Date(started_at).getUTCSeconds() < 30, `it began at ${started_at}`);
    }
    same([...new Set(rows(stage).map(({ job_type }) => job_type))].sort(), ["contacts", "orders"], "the entities");
    same(rows(stage, sourceB), [], "the other source has no schedule");
    const { body } = await stage.call("viewer", "GET", `/api/v1/sources/${sourceA}/status`);
    const { schedules } = body.systems.find(({ system }) => system === "crm");
    same(schedules.map(({ function: name, mode }) => [name, mode]), [["poll-ghl-contacts", "incremental"], ["poll-ghl-orders", "full"], ["run-ghl-all", "incremental"]], "the status");
    for (const { last, next } of schedules.slice(0, 2)) same(Date.parse(next) - Date.parse(last), minute, "the next run");
    same([schedules[2].last, /-02-29T04:00:00/.test(schedules[2].next)], [null, true], "in a leap year");

    // The program is away while several are due: one run each, at the start.
    await stage.server.stop();
    const before = ofType(stage, "contacts").length;
    const upAt = (Math.floor(Date.now() / minute) + 2) * minute + 5_000;  // two are missed
    await pause(upAt - Date.now());
    await stage.up();
    await eventually(() => ofType(stage, "contacts").length > before, "it is made up for", 20_000);
    const end = Math.ceil(upAt / minute) * minute;
    await pause(Math.max(0, end - Date.now() - 3_000));
    same(ofType(stage, "contacts").length, before + 1, "once");
    await eventually(() => ofType(stage, "contacts").length > before + 1, "then the next one in its time", 30_000);
  }],
];
