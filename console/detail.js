// One record: its values and why they are what they are, what each system holds, its history, and the form to edit it.
import { attemptId, call, part, post } from "./api.js";
import { confirm, steps } from "./confirm.js";
import { badge, by, el, fill, keyed, setText, timeNode, toast, valueNode } from "./dom.js";
import { RecordForm } from "./form.js";
import { fieldLines } from "./ticker.js";

const kReloadMs = 250;

export class Detail {
  #source;
  #record = null;
  #etag = null;
  #form = null;
  #timer = null;
  #request = 0;
  #back = null;  // what had the focus

  constructor(source) {
    this.#source = source;
    const dialog = by("detail");
    dialog.onclose = () => this.#closed();
    dialog.onclick = (event) => {
      if (event.target === dialog) dialog.close();  // the backdrop
    };
  }

  stop() {
    clearTimeout(this.#timer);
    if (by("detail").open) by("detail").close();
  }

  async open(id) {
    try {
      await this.#load(id);
    } catch (error) {
      toast(error.message, "bad");
      return;
    }
    this.#build();
    this.#show();
  }

  // An empty form for a new record.
  create(entityName) {
    const entity = this.#source.entity(entityName);
    if (!entity) return;
    this.#record = null;
    const attempt = attemptId();  // sending it twice makes one record
    this.#form = new RecordForm(entity, null, {
      save: async (fields) => {
        const made = await post(`/sources/${part(this.#source.id)}/records`, { entity: entityName, fields }, { "Idempotency-Key": attempt });
        toast(`${entityName} created`);
        await this.open(made.record);
      },
    });
    by("detail").replaceChildren(this.#head(`New ${entityName}`, null), el("div", { class: "drawer-body" }, this.#form.node));
    this.#show();
    this.#form.focus();
  }

  touch(entry) {
    if (this.#record && entry.record === this.#record.id) this.refresh();
  }

  // What is shown may have changed: it is read again soon.
  refresh() {
    this.#timer ??= setTimeout(() => void this.#reload(), kReloadMs);
  }

  #show() {
    const dialog = by("detail");
    if (dialog.open) return;
    this.#back = document.activeElement;
    dialog.showModal();
  }

  #closed() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#record = null;
    this.#form = null;
    by("detail").replaceChildren();
    this.#back?.focus?.();
  }

  async #load(id) {
    const request = ++this.#request;
    const { body, etag } = await call("GET", `/sources/${part(this.#source.id)}/records/${part(id)}`);
    if (request !== this.#request) return false;
    this.#record = body;
    this.#etag = etag;
    return true;
  }

  async #reload() {
    this.#timer = null;
    const id = this.#record?.id;
    if (!id) return;
    try {
      if ((await this.#load(id)) && this.#record && by("detail").open) this.#fill();
    } catch {
      // The record stays as it was shown; the next event tries again.
    }
  }

  #head(title, entity) {
    return el("header", { class: "drawer-head" }, el("h2", { id: "detail-title" }, title), entity,
      el("span", { class: "spring" }), el("button", { class: "quiet", type: "button", "aria-label": "Close", on: { click: () => by("detail").close() } }, "✕"));
  }

  #build() {
    const record = this.#record;
    const entity = this.#source.entity(record.entity);
    this.#form = takesEdits(entity) && !record.deleted ? new RecordForm(entity, record, { save: (fields) => this.#save(fields), remove: () => this.#remove() }) : null;
    fill(by("detail"),
      this.#head("", el("span", { class: "muted" }, record.entity)),
      el("div", { class: "drawer-body" },
        el("p", { class: "muted record-id" }),
        el("section", { "aria-label": "Systems", class: "holdings" }),
        el("h3", {}, "Values"), el("p", { id: "values-none", class: "muted" }),
        el("dl", { class: "values" }),
        this.#form ? el("details", { class: "edit" }, el("summary", {}, "Edit"), this.#form.node) : null,
        el("h3", {}, "History"), el("ol", { class: "history" })));
    this.#fill();
  }

  #fill() {
    const record = this.#record;
    const dialog = by("detail");
    const entity = this.#source.entity(record.entity);
    setText(by("detail-title"), titleOf(record, entity));
    setText(dialog.querySelector(".record-id"), `${record.id} · revision ${record.revision}${record.deleted ? " · deleted" : ""}`);
    keyed(dialog.querySelector(".holdings"), Object.entries(record.systems), ([system]) => system,
      ([system]) => el("div", { class: "holding", data: { system } }), (node, [system, state]) => this.#holding(node, system, state));
    keyed(dialog.querySelector(".values"), Object.keys(record.fields), (name) => name,
      (name) => el("div", { class: "value-row", data: { field: name } }, el("dt", {}, name), el("dd", { class: "value-now" }), el("dd", { class: "value-why" })),
      (node, name) => this.#value(node, name));
    setText(by("values-none"), Object.keys(record.fields).length === 0 ? "No values." : "");
    const newestFirst = [...record.history].sort((a, b) => b.seq - a.seq);
    keyed(dialog.querySelector(".history"), newestFirst, (entry) => entry.seq, (entry) => this.#step(entry), () => {});
    this.#form?.rebase(record);
  }

  #holding(node, system, state) {
    const shown = JSON.stringify(state);
    if (node.dataset.shown === shown) return;
    node.dataset.shown = shown;
    const base = state.base ?? {};
    const open = node.querySelector("details")?.open ?? false;
    fill(node,
      el("div", { class: "holding-head" }, this.#origin(system), badge(state.status, state.detail), el("span", { class: "spring" }),
        el("code", { class: "muted", title: "The record's id in this system" }, state.external_id ?? "no id yet")),
      state.detail ? el("p", { class: "holding-detail" }, state.detail) : null,
      state.differing ? el("p", { class: "muted" }, `still to write: ${state.differing.join(", ")}`) : null,
      Object.keys(base).length === 0 ? null : el("details", { open }, el("summary", {}, `What ${system} last held`),
        el("dl", { class: "base" }, Object.entries(base).map(([name, value]) => [el("dt", {}, name), el("dd", {}, valueNode(value))]))));
  }

  #value(node, name) {
    const value = this.#record.fields[name];
    const stamp = this.#record.stamps[name] ?? {};
    const shown = JSON.stringify([value, stamp]);
    if (node.dataset.shown === shown) return;
    const changed = node.dataset.shown !== undefined;
    node.dataset.shown = shown;
    node.children[1].replaceChildren(valueNode(value), stamp.held ? badge("conflict", "Held: a person must decide") : "");
    node.children[2].replaceChildren("from ", this.#origin(stamp.origin ?? "?"), " ", stamp.at ? timeNode(stamp.at) : "", " ",
      el("button", { class: "link why", type: "button", "aria-label": `Why is ${name} this value`, on: { click: () => this.#why(stamp.seq) } }, `why #${stamp.seq}`));
    if (changed) {
      node.classList.remove("flash");
      requestAnimationFrame(() => node.classList.add("flash"));
    }
  }

  // Shows the journal entry that set a value.
  #why(seq) {
    const list = by("detail").querySelector(".history");
    for (const node of list.children) node.classList.toggle("meant", node.dataset.key === String(seq));
    const entry = list.querySelector(".meant");
    if (!entry) return toast(`Entry ${seq} is older than the history shown here`);
    entry.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    entry.focus({ preventScroll: true });
  }

  #step(entry) {
    const outcome = [entry.disposition, entry.reason].filter(Boolean).join(": ");
    return el("li", { tabindex: "-1", data: { kind: entry.kind } },
      el("div", { class: "change-head" }, el("code", { class: "muted" }, `#${entry.seq}`), this.#origin(entry.system ?? "hub"),
        el("span", { class: "change-kind" }, entry.kind), outcome ? el("span", { class: "muted" }, outcome) : null,
        el("span", { class: "spring" }), timeNode(entry.at)),
      entry.body?.actor ? el("p", { class: "muted" }, `by ${entry.body.actor}`) : null,
      fieldLines(entry.body?.fields),
      entry.body?.error ? el("p", { class: "change-error" }, String(entry.body.error)) : null,
      takesEdits(this.#source.entity(this.#record.entity)) && undoable(entry) ? el("button", { class: "link undo", type: "button", "aria-label": `Undo entry ${entry.seq}`, on: { click: () => void this.#undo(entry) } }, "Undo …") : null);
  }

  async #undo(entry) {
    const record = this.#record;
    const fields = Object.entries(entry.body?.fields ?? {});
    const changed = fields.filter(([name, step]) => !Array.isArray(step.to) && JSON.stringify(record.fields[name]) !== JSON.stringify(step.to)).map(([name]) => name);
    const done = await confirm({
      title: `Undo entry ${entry.seq}?`, yes: entry.kind === "delete" ? "Bring it back" : "Undo it", force: "Set it back all the same",
      plan: [entry.kind === "delete" ? el("p", {}, "The record is brought back, and made again in every system where it is gone.") : steps(fields.map(([name, step]) => [name, valueNode(record.fields[name]), valueNode(step.from)])),
        changed.length > 0 ? el("p", { class: "holding-detail" }, `Changed since by somebody: ${changed.join(", ")}.`) : null,
        el("p", { class: "muted" }, `It is an edit like any other, written to ${Object.keys(record.systems).join(", ") || "every system"}, and can be undone itself.`)],
      act: ({ force }) => post(`/sources/${part(this.#source.id)}/journal/${entry.seq}/undo`, force ? { force } : {}),
    });
    if (!done) return;
    toast(`Undone: entry ${done.seq}`);
    this.refresh();
  }

  #origin(system) {
    return el("span", { class: "origin", data: { hue: this.#source.hue(system) } }, system);
  }

  // If-Match keeps an edit from going over one that was not seen. Writes to systems raise the revision too: when only
  // those happened, the edit is sent again by itself.
  async #save(fields) {
    const path = `/sources/${part(this.#source.id)}/records/${part(this.#record.id)}`;
    const attempt = attemptId();
    for (let tries = 0; ; ++tries) {
      try {
        await call("PATCH", path, { body: { fields }, headers: { "If-Match": this.#etag, "Idempotency-Key": attempt } });
        break;
      } catch (error) {
        if (error.status !== 409) throw error;
        const id = this.#record.id;
        await this.#load(id);
        this.#fill();  // tells the form, which marks what changed under it
        if (this.#form.clashes() || tries === 4) throw error;
      }
    }
    toast("Saved");
    this.#form.saved();
    await this.#reload();
  }

  async #remove() {
    await call("DELETE", `/sources/${part(this.#source.id)}/records/${part(this.#record.id)}`, { headers: { "If-Match": this.#etag } });
    toast("Deleted");
    by("detail").close();
  }
}

export function takesEdits(entity) {
  return Boolean(entity) && entity.edits !== "none";
}

// What the server can turn back: an entry that changed a record and did not make it.
function undoable(entry) {
  return ["change", "edit", "delete", "resolve"].includes(entry.kind) && entry.disposition === "applied" && entry.reason !== "created"
    && (entry.kind === "delete" || Object.keys(entry.body?.fields ?? {}).length > 0);
}

export function titleOf(record, entity) {
  for (const name of ["name", "title", "full_name"]) if (typeof record.fields[name] === "string" && record.fields[name]) return record.fields[name];
  const full = [record.fields.first_name, record.fields.last_name].filter((one) => typeof one === "string" && one).join(" ");
  if (full) return full;
  const first = (entity?.fields ?? []).map((field) => record.fields[field.name]).find((value) => typeof value === "string" && value);
  return first ?? record.id;
}
