// What changed, newest first: from which system, from what to what, and how long until the others had it.
import { by, duration, el, setText, timeNode, valueNode } from "./dom.js";

const kRowsLimit = 200;
const kQueueLimit = 400;   // events between two paints; older ones are counted only
const kPaintMs = 80;
const kSamplesLimit = 200;
const kFieldsShown = 6;

export class Ticker {
  #source;
  #open;
  #rows = new Map();   // seq -> row of the change
  #queue = [];
  #skipped = 0;
  #timer = null;
  #held = false;
  #samples = [];       // pending_us of the last writes

  constructor(source, open) {
    this.#source = source;
    this.#open = open;
    by("ticker").replaceChildren();
    setText(by("latency"), "");
    by("echoes").onchange = () => this.#look();
    this.#look();
    by("hold").onclick = () => {
      this.#held = !this.#held;
      by("hold").setAttribute("aria-pressed", String(this.#held));
      setText(by("hold"), this.#held ? "Continue" : "Hold");
      if (!this.#held) this.#paint();
    };
    by("hold").setAttribute("aria-pressed", "false");
    setText(by("hold"), "Hold");
  }

  stop() {
    clearTimeout(this.#timer);
  }

  add(entry) {
    this.#queue.push(entry);
    if (this.#queue.length > kQueueLimit) {
      this.#queue.shift();
      ++this.#skipped;
    }
    if (this.#held) setText(by("hold"), `Continue (${this.#queue.length + this.#skipped})`);
    else this.#timer ??= setTimeout(() => this.#paint(), kPaintMs);
  }

  #paint() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const list = by("ticker");
    if (this.#skipped > 0) list.prepend(el("li", { class: "skipped muted" }, `${this.#skipped} more changes`));
    this.#skipped = 0;
    for (const entry of this.#queue.splice(0)) {
      if (entry.kind === "write") this.#written(entry);
      else this.#changed(entry);
    }
    const echoes = list.getElementsByClassName("echo");  // they go first
    while (list.children.length > kRowsLimit) {
      const oldest = echoes.item(echoes.length - 1) ?? list.lastElementChild;
      this.#rows.delete(Number(oldest.dataset.seq));
      oldest.remove();
    }
    this.#look();
  }

  // Whether echoes are looked at; and when nothing is there to be seen, that is said.
  #look() {
    const list = by("ticker");
    const echoes = by("echoes").checked;
    list.classList.toggle("with-echoes", echoes);
    by("ticker-empty").hidden = list.querySelector(echoes ? "li" : "li:not(.echo)") !== null;
  }

  #changed(entry) {
    if (entry.kind === "claim") return;
    const echo = entry.disposition === "suppressed";
    const row = el("li", { class: `change${echo ? " echo" : ""}`, data: { seq: entry.seq, kind: entry.kind } },
      el("div", { class: "change-head" },
        entry.system ? this.#origin(entry.system) : el("span", { class: "origin" }, "hub"),
        el("span", { class: "change-kind" }, sentence(entry)),
        entry.record ? el("button", { class: "link", type: "button", on: { click: () => this.#open(entry.record) } }, entry.entity ?? "record") : null,
        el("span", { class: "spring" }), timeNode(entry.at)),
      fieldLines(entry.body?.fields),
      entry.kind === "conflict" ? conflictLine(entry.body ?? {}) : null,
      entry.body?.error ? el("p", { class: "change-error" }, String(entry.body.error)) : null,
      el("div", { class: "reached", "aria-label": "Written" }));
    by("ticker").prepend(row);
    this.#rows.set(entry.seq, row);
  }

  // A write belongs to the change that made it due.
  #written(entry) {
    const applied = entry.reason === "applied";
    const took = entry.body?.pending_us;
    if (applied && typeof took === "number") this.#sample(took);
    const row = this.#rows.get(entry.body?.cause);
    const chip = el("span", { class: "chip", data: { ok: String(applied) } },
      `${entry.system} `, applied ? `✓ ${typeof took === "number" ? duration(took) : ""}` : `! ${entry.reason ?? "failed"}`);
    if (row) {
      row.querySelector(".reached").append(chip);
    } else if (!applied) {
      this.#changed(entry);
    }
  }

  #sample(us) {
    this.#samples.push(us);
    if (this.#samples.length > kSamplesLimit) this.#samples.shift();
    const sorted = [...this.#samples].sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    setText(by("latency"), `written in ${duration(at(0.5))}, p95 ${duration(at(0.95))}`);
  }

  #origin(system) {
    return el("span", { class: "origin", data: { hue: this.#source.hue(system) } }, system);
  }
}

function sentence(entry) {
  if (entry.disposition === "suppressed") return entry.reason || "nothing new";
  if (entry.disposition === "parked") return `waits: ${entry.reason || "for a person"}`;
  if (entry.disposition === "pending") return "is being verified";
  const verbs = { change: "changed", edit: "edited", delete: "deleted", conflict: "conflict on", identity: "identified", dead: "refused", write: `write: ${entry.reason}`, retry: "tried again:", resolve: "decided", migrate: "migrated" };
  const verb = verbs[entry.kind] ?? entry.kind;
  return entry.reason === "created" ? "created" : verb;
}

// {"name": {"from": …, "to": …}}; writes name their fields only.
export function fieldLines(fields) {
  if (!fields) return null;
  if (Array.isArray(fields)) return el("p", { class: "muted names" }, fields.map(String).join(", "));
  const names = Object.keys(fields);
  if (names.length === 0) return null;
  const lines = names.slice(0, kFieldsShown).map((name) => {
    const step = fields[name] ?? {};
    return el("li", {}, el("span", { class: "field-name" }, name),
      "from" in step ? el("span", { class: "from" }, valueNode(step.from)) : null,
      "from" in step ? el("span", { class: "arrow" }, "→", el("span", { class: "unseen" }, " becomes ")) : null,
      el("span", { class: "to" }, valueNode(step.to)));
  });
  if (names.length > kFieldsShown) lines.push(el("li", { class: "muted" }, `and ${names.length - kFieldsShown} more`));
  return el("ul", { class: "steps" }, lines);
}

function conflictLine(body) {
  return el("p", { class: "change-conflict" }, `${body.field ?? "a field"}: `, valueNode(body.mine), " against ", valueNode(body.theirs),
    body.winner ? ` · ${body.winner} wins by ${body.rule}` : " · waits for a person");
}
