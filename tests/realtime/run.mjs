// Drives the real client libraries against the real program. One line per check; the last line counts them.
//   LOCKSTEP_BIN  the program (default: build/dev/lockstep)
//   RESULTS       a file for the results in JUnit's format, as `./dev test` counts them
//   ONLY          a part of the names of the checks that run
//   PART          schedules: those that wait for the next minutes; others: the others; without it all
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Report } from "../browser/report.mjs";
import { Stage } from "../browser/stage.mjs";
import { businessChecks } from "./business_checks.mjs";
import { BusinessStage } from "./business_stage.mjs";
import { functionChecks } from "./function_checks.mjs";
import { liveChecks } from "./live_checks.mjs";
import { batchChecks, loadChecks } from "./load_checks.mjs";
import { keysChecks } from "./keys_checks.mjs";
import { membersChecks } from "./members_checks.mjs";
import { MembersStage } from "./members_stage.mjs";
import { MirrorStage } from "./mirror_stage.mjs";
import { openChecks } from "./open_checks.mjs";
import { restChecks } from "./rest_checks.mjs";
import { rightsChecks, workerPassword } from "./rights_checks.mjs";
import { everyMinute, scheduleChecks } from "./schedule_checks.mjs";
import { socketChecks } from "./socketio_checks.mjs";
import { supabaseChecks } from "./supabase_checks.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = path.resolve(process.env.LOCKSTEP_BIN ?? path.join(root, "build/dev/lockstep"));
if (!existsSync(binary)) {
  console.error(`the program (LOCKSTEP_BIN) is not at ${binary}`);
  process.exit(3);
}
const only = process.env.ONLY ?? "";
const report = new Report("realtime");

// Checks of one group share a stage and run in order; each closes what it has opened.
async function group(start, checks) {
  const wanted = checks.filter(([name]) => name.includes(only));
  if (wanted.length === 0) return;
  const stage = await start(binary);
  try {
    for (const [name, check] of wanted) {
      const began = Date.now();
      const open = [];
      try {
        await check({ stage, opened: (one) => (open.push(one), one) });
        report.succeeded(name, Date.now() - began);
      } catch (error) {
        report.wentWrong(name, error);
      }
      for (const one of open) await (one.disconnect ?? one.removeAllChannels).call(one);
    }
  } finally {
    await stage.stop();
  }
}

const stageOf = (access) => (program) => Stage.start(program, access);
const others = [
  ["tokens", stageOf("tokens"), socketChecks], ["tokens", stageOf("tokens"), supabaseChecks], ["keys", stageOf("tokens"), keysChecks], ["open", stageOf("open"), openChecks],
  ["members", (program) => MembersStage.start(program), membersChecks],
  ["business-directory", (program) => BusinessStage.start(program), businessChecks],
  ["crm-mirror", (program) => MirrorStage.start(program), restChecks],
  ["crm-mirror", (program) => MirrorStage.start(program, { edits: "open" }), liveChecks],
  ["crm-mirror", (program) => MirrorStage.start(program), loadChecks],
  ["crm-mirror, batches", (program) => MirrorStage.start(program, { realtime: "{batch_above: 50, batch_every: 250ms}" }), batchChecks],
  ["crm-mirror", (program) => MirrorStage.start(program), functionChecks],
  ["crm-mirror", (program) => MirrorStage.start(program, { worker: workerPassword }), rightsChecks],
];
const schedules = [["crm-mirror", (program) => MirrorStage.start(program, { schedules: everyMinute }), scheduleChecks]];
const groups = { schedules, others }[process.env.PART] ?? [...others, ...schedules];
for (const [what, start, checks] of groups) {
  try {
    await group(start, checks);
  } catch (error) {
    report.wentWrong(`the stage "${what}"`, error);
  }
}
process.exit(report.finish(process.env.RESULTS));
