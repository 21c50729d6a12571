// Starts the page: which source, who asks, and what follows the event stream.
import { get, onKeyNeeded, part } from "./api.js";
import { Detail } from "./detail.js";
import { by, el, setText } from "./dom.js";
import { Overview } from "./overview.js";
import { Records } from "./records.js";
import { askWho, showWho } from "./sign_in.js";
import { EventStream } from "./stream.js";
import { Ticker } from "./ticker.js";
import { Work } from "./work.js";

const kHues = 6;
const kRecentEvents = 300;  // shown in the ticker at once

let parts = [];  // of the source that is shown

// A source as the parts see it.
function describe(source) {
  const hues = new Map(source.systems.map((lane, index) => [lane.system, index % kHues]));
  return {
    id: source.id,
    entities: source.entities,
    entity: (name) => source.entities.find((one) => one.name === name),
    hue: (system) => hues.get(system) ?? "hub",
  };
}

function notice(text) {
  by("notice").hidden = text === "";
  setText(by("notice"), text);
}

function liveState(state) {
  by("live").dataset.state = state;
  setText(by("live").firstElementChild, { live: "live", connecting: "connecting", lost: "connection lost, trying again" }[state]);
}

async function show(raw) {
  for (const one of parts) one.stop();
  const source = describe(raw);
  const detail = new Detail(source);
  const open = (id) => void detail.open(id);
  const work = new Work(source, open);
  const overview = new Overview(source, (counts) => work.counts(counts));
  const records = new Records(source, open);
  const ticker = new Ticker(source, open);
  parts = [detail, work, overview, records, ticker];
  by("create").onclick = () => detail.create(records.entity);
  const mine = parts;
  const status = await get(`/sources/${part(source.id)}/status`);
  if (parts !== mine) return;
  void overview.refresh();
  const stream = new EventStream(source.id, Math.max(0, status.last_seq - kRecentEvents), {
    event: (entry) => {
      ticker.add(entry);
      if (entry.seq <= status.last_seq) return;  // happened before what has been loaded
      overview.touch();
      records.touch(entry);
      detail.touch(entry);
    },
    gap: (to) => {
      if (to <= status.last_seq) return;
      overview.touch();
      void records.load();
      detail.refresh();
    },
    state: (state) => {
      liveState(state);
      if (state === "live") overview.touch();
    },
    reset: () => void start(),
  });
  parts.push(stream);
}

async function start() {
  for (const one of parts) one.stop();
  parts = [];
  try {
    const [{ items: seen }, who] = [await get("/sources"), await get("/session")];
    showWho(who);
    // Of a source in which somebody has a business and no role there is no whole to show.
    const items = seen.filter(({ id }) => who.everywhere || who.sources[id] || !who.businesses?.[id]);
    if (items.length < seen.length && items.length === 0)
      return notice("You have a business here and no role: this page shows whole sources. Ask an owner for a role, or use your business's own dashboard.");
    if (items.length === 0) return notice("You may see no source here. Ask an owner or an administrator for a right, or use another account or key.");
    notice("");
    const pick = by("source");
    pick.replaceChildren(...items.map((one) => el("option", { value: one.id }, one.id)));
    pick.parentElement.hidden = items.length < 2;
    const wanted = decodeURIComponent(location.hash.slice(1));
    const first = items.find((one) => one.id === wanted) ?? items[0];
    pick.value = first.id;
    document.title = `${first.id} · Lockstep`;
    pick.onchange = () => {
      location.hash = encodeURIComponent(pick.value);
      document.title = `${pick.value} · Lockstep`;
      void show(items.find((one) => one.id === pick.value)).catch(failed);
    };
    await show(first);
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  liveState("lost");
  notice(error.message);
  if (error.status === 0) setTimeout(() => void start(), 3000);
}

onKeyNeeded(askWho);
void start();
