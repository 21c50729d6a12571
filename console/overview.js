// The numbers on top, the systems with their state, and the jobs that run.
import { get, part, post } from "./api.js";
import { by, count, duration, el, keyed, setText, timeText, toast } from "./dom.js";

const kRefreshMs = 1000;     // at most, while events come
const kJobsMs = 1000;        // while jobs run
const kIdleMs = 10_000;

export class Overview {
  #source;
  #onCounts;
  #timer = null;
  #due = 0;
  #stopped = false;

  constructor(source, onCounts) {
    this.#source = source;
    this.#onCounts = onCounts;
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  // Something changed: the numbers are read again soon.
  touch() {
    this.#plan(kRefreshMs);
  }

  #plan(ms) {
    if (this.#stopped) return;
    const due = Date.now() + ms;
    if (this.#timer !== null && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.refresh(), ms);
  }

  async refresh() {
    clearTimeout(this.#timer);
    this.#timer = null;
    let next = kIdleMs;
    try {
      const status = await get(`/sources/${part(this.#source.id)}/status`);
      if (this.#stopped) return;
      this.#show(status);
      if (status.jobs.length > 0) next = kJobsMs;
    } catch (error) {
      if (error.status === 403) toast(error.message, "bad");
    }
    this.#plan(next);
  }

  #show(status) {
    const { counts } = status;
    const tiles = [
      ["records", "Records", counts.records, ""],
      ["pending", "Pending", counts.pending, counts.pending > 0 ? "pending" : ""],
      ["dead", "Dead letters", counts.dead, counts.dead > 0 ? "failed" : ""],
      ["conflicts", "Conflicts", counts.conflicts_open, counts.conflicts_open > 0 ? "conflict" : ""],
      ["inbox", "Waiting", counts.inbox, counts.inbox > 0 ? "pending" : ""],
      ["connected", "Connected", status.systems.filter((one) => one.connected).length, status.systems.every((one) => one.connected) ? "" : "failed"],
    ];
    keyed(by("counters"), tiles, ([key]) => key,
      ([key, label]) => el("div", { class: "tile", id: `count-${key}` }, el("span", { class: "tile-label" }, label), el("strong", { class: "tile-number" })),
      (node, [key, , number, tone]) => {
        node.dataset.tone = tone;
        setText(node.lastElementChild, key === "connected" ? `${number} of ${status.systems.length}` : count(number));
      });
    keyed(by("systems"), status.systems, (lane) => lane.system, (lane) => this.#card(lane), (node, lane) => this.#fill(node, lane));
    by("jobs").hidden = status.jobs.length === 0;
    keyed(by("jobs"), status.jobs, (job) => job.id, jobRow, fillJob);
    this.#onCounts(counts);
  }

  #card(lane) {
    return el("article", { class: "system", id: `system-${lane.system}` },
      el("div", { class: "system-head" },
        el("span", { class: "origin", data: { hue: this.#source.hue(lane.system) } }, lane.system),
        el("span", { class: "muted" }, lane.kind), el("span", { class: "spring" }),
        el("span", { class: "state" })),
      el("p", { class: "system-problem", hidden: true }),
      el("p", { class: "system-facts muted" }),
      el("div", { class: "system-foot" },
        el("button", { class: "quiet", type: "button", title: "Reads what changed since the last time", on: { click: () => this.#start(lane.system, "pull") } }, "Pull"),
        el("button", { class: "quiet", type: "button", title: "Reads every record", on: { click: () => this.#start(lane.system, "mirror") } }, "Read all"),
        el("span", { class: "spring" }),
        el("button", { class: "quiet", type: "button", data: { hold: "" }, on: { click: () => this.#toggle(lane.system) } }, "Pause")));
  }

  #fill(node, lane) {
    const { state, note } = lane;
    node.dataset.tone = tones[state] ?? "";
    setText(node.querySelector(".state"), state);
    const problem = node.querySelector(".system-problem");
    problem.hidden = note === "";
    setText(problem, note);
    const button = node.querySelector("[data-hold]");
    button.dataset.hold = lane.hold?.kind ?? "";
    setText(button, lane.hold === null ? "Pause" : lane.hold.kind === "guard" ? "Approve" : "Resume");
    button.title = lane.hold === null ? "Writes nothing to it until it is resumed" : "Writes to it again";
    const facts = [`${count(lane.written)} written`];
    if (lane.in_flight > 0) facts.push(`${count(lane.in_flight)} on the way`);
    if (lane.failed > 0) facts.push(`${count(lane.failed)} failed`);
    facts.push(lane.last_seen ? `last change ${timeText(lane.last_seen)}` : "no change yet");
    if (lane.capture !== "") facts.push(lane.capture);
    setText(node.querySelector(".system-facts"), facts.join(" · "));
  }

  // Pauses, or ends what holds the system up.
  async #toggle(system) {
    const held = by(`system-${system}`).querySelector("[data-hold]").dataset.hold;
    const what = held === "" ? "pause" : "resume";
    try {
      await post(`/sources/${part(this.#source.id)}/systems/${part(system)}/${what}`, held === "" ? { reason: "paused on the page" } : {});
      this.#plan(100);
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async #start(system, kind) {
    try {
      await post(`/sources/${part(this.#source.id)}/jobs`, { system, kind });
      toast(kind === "mirror" ? `Reading all of ${system}` : `Pulling from ${system}`);
      this.#plan(100);
    } catch (error) {
      toast(error.message, "bad");
    }
  }
}

// The server says the worst that is known about a system (docs/operating.md); how it looks is the page's.
const tones = { unstored: "bad", asks: "ask", paused: "ask", silent: "ask", down: "bad", unanswered: "bad", stalled: "bad" };

function jobRow(job) {
  return el("div", { class: "job" }, el("span", { class: "job-name" }),
    el("progress", { "aria-label": `Progress of ${job.kind} ${job.system}` }), el("span", { class: "job-facts muted" }));
}

function fillJob(node, job) {
  setText(node.querySelector(".job-name"), `${job.kind}${job.system ? ` of ${job.system}` : ""}${job.entity ? ` · ${job.entity}` : ""}`);
  const bar = node.querySelector("progress");
  if (job.total) {
    bar.max = job.total;
    bar.value = Math.min(job.done + job.skipped, job.total);
  } else {
    bar.removeAttribute("value");
  }
  const facts = [job.total ? `${count(job.done + job.skipped)} of ${count(job.total)}` : count(job.done), `${job.rate_per_second.toFixed(job.rate_per_second < 10 ? 1 : 0)}/s`];
  if (job.eta_seconds !== null) facts.push(`${duration(job.eta_seconds * 1e6)} left`);
  setText(node.querySelector(".job-facts"), facts.join(" · "));
}
