// Conflicts: fields on which two systems differed. Open ones wait for a person; decided ones can be turned round as well.
import { get, part, post } from "./api.js";
import { confirm, steps } from "./confirm.js";
import { badge, by, el, timeNode, toast, valueNode, valueText } from "./dom.js";

const kRowsShown = 100;

export class Conflicts {
  #path;
  #origin;
  #record;
  #changed;
  #all = false;

  constructor(source, { origin, record, changed }) {
    this.#path = `/sources/${part(source.id)}`;
    this.#origin = origin;
    this.#record = record;
    this.#changed = changed;
  }

  async read() {
    return (await get(`${this.#path}/conflicts`, { limit: kRowsShown, open: this.#all ? undefined : "true" })).items;
  }

  show(rows) {
    const focused = document.activeElement?.id === "conflicts-all";
    const all = el("input", { id: "conflicts-all", type: "checkbox", checked: this.#all, on: { change: (event) => {
      this.#all = event.target.checked;
      this.#changed();
    } } });
    by("conflicts").replaceChildren(
      el("div", { class: "tools" }, el("p", { class: "muted" }, "Whoever has won, the other value can still be taken."), el("span", { class: "spring" }),
        el("label", { class: "check" }, all, " decided ones, too")),
      rows.length === 0 ? el("p", { class: "empty" }, this.#all ? "There were no conflicts." : "No open conflicts.") : el("ul", { class: "cards" }, rows.map((row) => this.#row(row))));
    if (focused) all.focus();
  }

  #row(row) {
    const mine = row.mine_origin || "hub";
    const theirs = row.theirs_origin || "hub";
    const side = (name, origin, value, take) => el("div", {}, el("dt", {}, origin ? this.#origin(origin) : name), el("dd", {}, valueNode(value)),
      el("button", { type: "button", on: { click: () => void this.#override(row, take, value) } }, `Take ${origin ? `that of ${origin}` : "what was before"} …`));
    return el("li", { class: "card", data: { seq: row.seq, field: row.field } },
      el("div", { class: "change-head" }, row.open ? badge("conflict") : el("span", { class: "muted" }, verdict(row)), el("strong", {}, row.field), this.#record(row.record, row.entity),
        el("span", { class: "spring" }), row.decided_at ? timeNode(row.decided_at) : null, el("code", { class: "muted" }, `#${row.seq}`)),
      el("dl", { class: "sides" }, side("before", null, row.base, "base"), side("", mine, row.mine, "mine"), side("", theirs, row.theirs, "theirs")));
  }

  async #override(row, take, value) {
    try {
      const record = await get(`${this.#path}/records/${part(row.record)}`);
      const systems = Object.keys(record.systems);
      const done = await confirm({
        title: `Decide ${row.field}?`, yes: `Take ${valueText(value) || "nothing"}`, force: "Take it all the same",
        plan: [steps([[row.field, valueNode(record.fields[row.field]), valueNode(value)]]),
          el("p", { class: "muted" }, `It is set in the record and written to every system that holds it (${systems.join(", ")}).`)],
        act: ({ force }) => post(`${this.#path}/conflicts/${row.seq}/${part(row.field)}/override`, force ? { take, force } : { take }),
      });
      if (done) toast(`${row.field} is decided`);
    } catch (error) {
      toast(error.message, "bad");
    }
    this.#changed();
  }
}

function verdict(row) {
  if (row.decided_by) return `decided by ${row.decided_by}`;
  return row.winner ? `${row.winner} won by ${row.rule}` : row.rule;
}
