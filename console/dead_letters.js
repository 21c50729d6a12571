// Dead letters: by what is wrong with them, so that one decision serves many, and one by one.
import { get, part, post } from "./api.js";
import { confirm } from "./confirm.js";
import { badge, by, count, el, timeNode, toast } from "./dom.js";

const kRowsShown = 100;

export class DeadLetters {
  #path;
  #origin;
  #record;
  #changed;

  // `origin` and `record` make the nodes of a system and of a link to a record; `changed` is called after a decision.
  constructor(source, { origin, record, changed }) {
    this.#path = `/sources/${part(source.id)}/deadletters`;
    this.#origin = origin;
    this.#record = record;
    this.#changed = changed;
  }

  async read() {
    const [rows, groups] = await Promise.all([get(this.#path, { limit: kRowsShown }), get(`${this.#path}/groups`)]);
    return { rows: rows.items, groups: groups.items, others: groups.others };
  }

  show({ rows, groups, others }) {
    if (rows.length === 0) return by("deadletters").replaceChildren(el("p", { class: "empty" }, "No dead letters: every write went through or is still being tried."));
    by("deadletters").replaceChildren(
      el("div", { class: "tools" }, el("p", { class: "muted" }, "These writes were refused for good. Correct the cause, then try again."), el("span", { class: "spring" }),
        el("button", { class: "primary", type: "button", on: { click: () => void this.#many("retry", {}, "all of them") } }, "Retry all …")),
      el("ul", { class: "cards groups", "aria-label": "By cause" }, groups.map((group) => this.#group(group)),
        others > 0 ? el("li", { class: "card muted" }, `and ${count(others)} more of other kinds`) : null),
      el("details", { class: "each", open: groups.length < 2 }, el("summary", {}, rows.length === kRowsShown ? `The first ${kRowsShown}, one by one` : "One by one"),
        el("ul", { class: "cards" }, rows.map((row) => this.#row(row)))));
  }

  #group(group) {
    const filter = { system: group.system, error_kind: group.error_kind, error: group.error };
    const what = `those to ${group.system} with this cause`;
    return el("li", { class: "card" },
      el("div", { class: "change-head" }, this.#origin(group.system), el("strong", {}, `${count(group.count)} ×`), el("span", { class: "muted" }, group.error_kind),
        el("span", { class: "spring" }), this.#record(group.example, "an example"), timeNode(group.last)),
      el("p", { class: "change-error" }, group.error || "no reason was given"),
      el("div", { class: "row-end" }, el("span", { class: "spring" }),
        el("button", { class: "danger", type: "button", on: { click: () => void this.#many("discard", filter, what) } }, "Give up …"),
        el("button", { type: "button", on: { click: () => void this.#many("retry", filter, what) } }, `Retry these ${count(group.count)} …`)));
  }

  #row(row) {
    return el("li", { class: "card" },
      el("div", { class: "change-head" }, this.#origin(row.system), badge("failed", row.error), this.#record(row.record, row.entity), el("span", { class: "spring" }), timeNode(row.since)),
      el("p", { class: "change-error" }, row.error || row.error_kind),
      el("div", { class: "row-end" }, el("span", { class: "muted" }, `${count(row.attempts)} attempts`), el("span", { class: "spring" }),
        el("button", { type: "button", on: { click: () => void this.#one(row) } }, "Retry")));
  }

  async #one(row) {
    try {
      const answer = await post(`${this.#path}/retry`, { items: [{ record: row.record, system: row.system }] });
      if (answer.refused_count > 0) toast(`refused: ${answer.refused[0].detail}`, "bad");
      else toast("It will be tried again");
    } catch (error) {
      toast(error.message, "bad");
    }
    this.#changed();
  }

  // The server counts first what a filter finds: that is what the question says.
  async #many(verb, filter, what) {
    try {
      const body = { all: true, ...filter };
      const { matched } = await post(`${this.#path}/${verb}`, { ...body, dry_run: true, ...(verb === "discard" ? { reason: "counting" } : {}) });
      const plan = verb === "retry"
        ? el("p", {}, `${count(matched)} writes are tried again (${what}), each with its record's newest state, within the system's quota.`)
        : el("p", {}, `${count(matched)} writes are given up (${what}). The systems stay as they are; their records stay marked as failed until they change or somebody retries.`);
      const answer = await confirm({
        title: verb === "retry" ? "Try again?" : "Give up?", plan, yes: verb === "retry" ? `Retry ${count(matched)}` : `Give up ${count(matched)}`,
        reason: verb === "discard" ? "Why" : null,
        act: ({ reason }) => post(`${this.#path}/${verb}`, { ...body, ...(reason ? { reason } : {}) }),
      });
      if (!answer) return;
      const done = verb === "retry" ? `${count(answer.retried)} will be tried again` : `${count(answer.discarded)} given up`;
      toast(answer.refused_count > 0 ? `${done}, ${count(answer.refused_count)} refused: ${answer.refused[0].detail}` : done, answer.refused_count > 0 ? "bad" : "good");
    } catch (error) {
      toast(error.message, "bad");
    }
    this.#changed();
  }
}
