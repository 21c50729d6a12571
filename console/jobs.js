// Jobs of the source, newest first: what each did, and the way back.
import { get, part, post } from "./api.js";
import { confirm } from "./confirm.js";
import { badge, by, count, el, timeNode, toast } from "./dom.js";

const kRowsShown = 100;

export class Jobs {
  #path;
  #origin;
  #changed;

  constructor(source, { origin, changed }) {
    this.#path = `/sources/${part(source.id)}/jobs`;
    this.#origin = origin;
    this.#changed = changed;
  }

  async read() {
    return (await get(this.#path)).items.slice(0, kRowsShown);
  }

  show(rows) {
    if (rows.length === 0) return by("joblist").replaceChildren(el("p", { class: "empty" }, "No job has run since the start. Pull and Read all at a system start one."));
    by("joblist").replaceChildren(el("ul", { class: "cards" }, rows.map((job) => this.#row(job))));
  }

  #row(job) {
    const status = { done: "synced", failed: "failed", running: "pending" }[job.state] ?? "pending";
    const shown = badge(status);
    shown.lastChild.textContent = ` ${job.state}`;
    const facts = [`${count(job.done)} ${job.kind === "undo" ? "undone" : "read"}`];
    if (job.skipped > 0) facts.push(`${count(job.skipped)} skipped`);
    return el("li", { class: "card", data: { job: job.id } },
      el("div", { class: "change-head" }, shown, el("strong", {}, job.kind), job.system ? this.#origin(job.system) : null, el("span", { class: "muted" }, facts.join(" · ")),
        el("span", { class: "spring" }), timeNode(job.ended ?? job.started)),
      job.note ? el("p", { class: "muted" }, job.note) : null,
      job.error ? el("p", { class: "change-error" }, job.error) : null,
      el("div", { class: "row-end" }, el("code", { class: "muted" }, job.id), el("span", { class: "spring" }),
        job.state === "running" ? null : el("button", { class: "danger", type: "button", on: { click: () => void this.#undo(job) } }, "Undo all it did …")));
  }

  async #undo(job) {
    const since = el("input", { id: "undo-since", type: "checkbox" });
    const made = await confirm({
      title: `Undo this ${job.kind}?`, yes: "Undo all it did",
      plan: [el("p", {}, `Every change that the ${job.kind}${job.system ? ` of ${job.system}` : ""} has brought in is turned back, newest first, and written to all systems as edits, within their quotas.`),
        el("p", { class: "muted" }, "Records that it has made stay. The undo is a job itself: it can be undone."),
        el("label", { class: "check" }, since, " also what somebody has changed since")],
      act: () => post(`${this.#path}/${part(job.id)}/undo`, since.checked ? { force: true } : {}),
    });
    if (made) toast("The undo has begun");
    this.#changed();
  }
}
