// What waits for a person: dead letters, conflicts, and objects that could not be placed.
import { get, part, post } from "./api.js";
import { badge, by, count, el, keyed, setText, timeNode, toast, valueNode, valueText } from "./dom.js";

const kPageSize = 100;

export class Work {
  #source;
  #open;
  #path;
  #shown = "records";
  #counts = {};

  constructor(source, open) {
    this.#source = source;
    this.#open = open;
    this.#path = `/sources/${part(source.id)}`;
    this.#tabs();
    this.show("records");
  }

  stop() {
    this.#shown = "";  // an answer that is still on its way is not shown
  }

  counts(counts) {
    const changed = JSON.stringify(counts) !== JSON.stringify(this.#counts);
    this.#counts = counts;
    this.#tabs();
    if (changed) void this.#load();
  }

  #tabs() {
    const views = [["records", "Records", null], ["deadletters", "Dead letters", this.#counts.dead], ["conflicts", "Conflicts", this.#counts.conflicts_open], ["inbox", "Waiting", this.#counts.inbox]];
    keyed(by("views"), views, ([key]) => key,
      ([key, label]) => el("button", { type: "button", role: "tab", id: `view-${key}`, "aria-controls": key,
        on: { click: () => this.show(key), keydown: (event) => this.#arrow(event) } }, label, el("span", { class: "tab-count" })),
      (node, [key, , number]) => {
        node.setAttribute("aria-selected", String(key === this.#shown));
        node.tabIndex = key === this.#shown ? 0 : -1;
        setText(node.lastElementChild, number ? ` ${count(number)}` : "");
      });
  }

  #arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...by("views").children];
    const next = tabs[(tabs.indexOf(event.currentTarget) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  }

  show(view) {
    this.#shown = view;
    for (const id of ["records", "deadletters", "conflicts", "inbox"]) by(id).hidden = id !== view;
    this.#tabs();
    void this.#load();
  }

  async #load() {
    const view = this.#shown;
    if (view === "records") return;
    try {
      const page = await get(`${this.#path}/${view}`, { limit: kPageSize, open: view === "conflicts" ? "true" : undefined });
      if (view !== this.#shown) return;
      const fill = { deadletters: () => this.#dead(page.items), conflicts: () => this.#conflicts(page.items), inbox: () => this.#inbox(page.items) };
      fill[view]();
    } catch (error) {
      by(view).replaceChildren(el("p", { class: "empty" }, error.message));
    }
  }

  async #act(action, done) {
    try {
      const answer = await action();
      toast(typeof done === "function" ? done(answer) : done);
    } catch (error) {
      toast(error.message, "bad");
    }
    void this.#load();
  }

  #record(id, text) {
    return el("button", { class: "link", type: "button", on: { click: () => this.#open(id) } }, text);
  }

  #retry(body) {
    void this.#act(() => post(`${this.#path}/deadletters/retry`, body),
      (answer) => answer.refused?.length ? `${answer.retried} tried again, ${answer.refused.length} refused: ${answer.refused[0].detail}` : `${answer.retried} will be tried again`);
  }

  #dead(rows) {
    if (rows.length === 0) return by("deadletters").replaceChildren(el("p", { class: "empty" }, "No dead letters: every write went through or is still being tried."));
    by("deadletters").replaceChildren(
      el("div", { class: "tools" }, el("p", { class: "muted" }, "These writes were refused for good. Correct the cause, then try again."), el("span", { class: "spring" }),
        el("button", { class: "primary", type: "button", on: { click: () => this.#retry({ all: true }) } }, "Retry all")),
      el("ul", { class: "cards" }, rows.map((row) => el("li", { class: "card" },
        el("div", { class: "change-head" }, this.#origin(row.system), badge("failed", row.error), this.#record(row.record, row.entity), el("span", { class: "spring" }), timeNode(row.since)),
        el("p", { class: "change-error" }, row.error || row.error_kind),
        el("div", { class: "row-end" }, el("span", { class: "muted" }, `${count(row.attempts)} attempts`), el("span", { class: "spring" }),
          el("button", { type: "button", on: { click: () => this.#retry({ items: [{ record: row.record, system: row.system }] }) } }, "Retry"))))));
  }

  #conflicts(rows) {
    if (rows.length === 0) return by("conflicts").replaceChildren(el("p", { class: "empty" }, "No open conflicts."));
    const choose = (row, value, whose) => el("button", { type: "button", on: { click: () => void this.#act(
      () => post(`${this.#path}/conflicts/resolve`, { record: row.record, field: row.field, value }), `${row.field} is now that of ${whose}`) } },
      `Take ${valueText(value) || "nothing"}`);
    by("conflicts").replaceChildren(el("ul", { class: "cards" }, rows.map((row) => el("li", { class: "card" },
      el("div", { class: "change-head" }, badge("conflict"), el("strong", {}, row.field), this.#record(row.record, row.entity)),
      el("dl", { class: "sides" },
        el("div", {}, el("dt", {}, "before"), el("dd", {}, valueNode(row.base))),
        el("div", {}, el("dt", {}, this.#origin(row.mine_origin || "hub")), el("dd", {}, valueNode(row.mine)), choose(row, row.mine, row.mine_origin || "the hub")),
        el("div", {}, el("dt", {}, this.#origin(row.theirs_origin || "hub")), el("dd", {}, valueNode(row.theirs)), choose(row, row.theirs, row.theirs_origin || "the hub")))))));
  }

  #inbox(rows) {
    if (rows.length === 0) return by("inbox").replaceChildren(el("p", { class: "empty" }, "Nothing waits."));
    const resolve = (row, body, label) => el("button", { type: "button",
      on: { click: () => void this.#act(() => post(`${this.#path}/inbox/resolve`, { seq: row.seq, ...body }), "Decided") } }, label);
    by("inbox").replaceChildren(el("ul", { class: "cards" }, rows.map((row) => el("li", { class: "card" },
      el("div", { class: "change-head" }, this.#origin(row.system), el("span", { class: "change-kind" }, row.kind), el("code", { class: "muted" }, `${row.object} ${row.external_id}`),
        el("span", { class: "spring" }), timeNode(row.since)),
      el("p", {}, row.reason),
      el("details", {}, el("summary", {}, "What came"), el("pre", {}, JSON.stringify(row.document, null, 2))),
      row.kind === "identity" ? el("div", { class: "row-end" }, row.candidates.map((id) => [this.#record(id, "look"), resolve(row, { record: id }, `It is ${id.slice(-6)}`)]),
        resolve(row, { as_new: true }, "It is a new one")) : null,
      row.kind === "invalid" ? el("div", { class: "row-end" }, resolve(row, {}, "Try again")) : null))));
  }

  #origin(system) {
    return el("span", { class: "origin", data: { hue: this.#source.hue(system) } }, system);
  }
}
