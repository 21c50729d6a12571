// What the mirror's tables come to hold, live.
import { eventually } from "../browser/stage.mjs";
import { pause, same } from "./common.mjs";
import { operatorKey, sourceA, sourceB } from "./mirror_stage.mjs";
import { dashboard } from "./rest_checks.mjs";
import { subscribed } from "./supabase_checks.mjs";

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
  for (const event of ["INSERT", "UPDATE", "DELETE"]) channel.on("broadcast", { event }, (message) => told.push(message));
  same(await subscribed(channel), "SUBSCRIBED", topic);
  return { channel, told };
}

export const liveChecks = [
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
