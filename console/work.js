// What waits for a person: dead letters, conflicts, and objects that could not be placed; and the jobs.
import { get, part, post } from "./api.js";
import { Conflicts } from "./conflicts.js";
import { DeadLetters } from "./dead_letters.js";
import { by, count, el, keyed, setText, timeNode, toast } from "./dom.js";
import { Jobs } from "./jobs.js";

const kPageSize = 100;

export class Work {
  #source;
  #open;
  #path;
  #shown = "records";
  #counts = {};
  #loading = false;
  #again = false;
  #drawn = "";  // what stands there, as text
  #parts;  // by view

  constructor(source, open) {
    this.#source = source;
    this.#open = open;
    this.#path = `/sources/${part(source.id)}`;
    const nodes = { origin: (system) => this.#origin(system), record: (id, text) => this.#record(id, text), changed: () => void this.#decided() };
    this.#parts = { deadletters: new DeadLetters(source, nodes), conflicts: new Conflicts(source, nodes), joblist: new Jobs(source, nodes),
      inbox: { read: async () => (await get(`${this.#path}/inbox`, { limit: kPageSize })).items, show: (rows) => this.#inbox(rows) } };
    this.#tabs();
    this.show("records");
  }

  stop() {
    this.#shown = "";  // an answer that is still on its way is not shown
  }

  // The same counts may be of others: what was tried again may have been refused again since.
  counts(counts) {
    this.#counts = counts;
    this.#tabs();
    void this.#load();
  }

  #tabs() {
    const views = [["records", "Records", null], ["deadletters", "Dead letters", this.#counts.dead], ["conflicts", "Conflicts", this.#counts.conflicts_open], ["inbox", "Waiting", this.#counts.inbox], ["joblist", "Jobs", null]];
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
    this.#drawn = "";
    for (const id of ["records", ...Object.keys(this.#parts)]) by(id).hidden = id !== view;
    this.#tabs();
    void this.#load();
  }

  #decided() {
    this.#drawn = "";
    return this.#load();
  }

  // One reading at a time, so that an older answer never replaces a newer one; what was asked meanwhile is read once more.
  // Drawn only when it is another than what stands there: what somebody is about to click stays where it is.
  async #load() {
    this.#again = true;
    if (this.#loading) return;
    this.#loading = true;
    while (this.#again) {
      this.#again = false;
      const view = this.#shown;
      const shown = this.#parts[view];
      if (!shown) continue;
      try {
        const read = await shown.read();
        const text = view + JSON.stringify(read);
        if (view !== this.#shown || text === this.#drawn) continue;
        this.#drawn = text;
        shown.show(read);
      } catch (error) {
        this.#drawn = "";
        by(view).replaceChildren(el("p", { class: "empty" }, error.message));
      }
    }
    this.#loading = false;
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
