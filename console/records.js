// The list of records: search, entity, pages, and a badge per system.
import { get, part } from "./api.js";
import { takesEdits } from "./detail.js";
import { badge, by, el, keyed, setText, valueNode, valueText } from "./dom.js";

const kPageSize = 50;
const kColumnsLimit = 4;
const kTypingMs = 250;
const kReloadMs = 600;  // at most, while events come

export class Records {
  #source;
  #open;
  #entity;
  #query = "";
  #after = [""];   // cursors of the pages up to this one
  #next = null;
  #items = [];
  #request = 0;
  #timer = null;
  #typing = null;
  #stopped = false;

  constructor(source, open) {
    this.#source = source;
    this.#open = open;
    this.#entity = source.entities[0]?.name ?? "";
    by("search").value = "";
    by("search").oninput = () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#search(by("search").value.trim()), kTypingMs);
    };
    by("page-back").onclick = () => this.#turn(() => this.#after.pop());
    by("page-next").onclick = () => this.#turn(() => this.#after.push(this.#next));
    keyed(by("entities"), source.entities, (entity) => entity.name,
      (entity) => el("button", { type: "button", class: "entity", on: { click: () => this.#choose(entity.name) } }, entity.name),
      (node, entity) => node.setAttribute("aria-pressed", String(entity.name === this.#entity)));
    this.#offerNew();
    this.#head();
    by("records-body").replaceChildren();
    void this.load();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#typing);
  }

  get entity() {
    return this.#entity;
  }

  // An event came: what is shown is read again when it can be affected.
  touch(entry) {
    const shown = entry.entity === this.#entity || this.#items.some((item) => item.id === entry.record);
    if (shown && entry.disposition !== "suppressed") this.#timer ??= setTimeout(() => void this.load(), kReloadMs);
  }

  // Records of a mirror are made in its system.
  #offerNew() {
    by("create").hidden = !takesEdits(this.#source.entity(this.#entity));
  }

  #search(query) {
    if (query === this.#query) return;
    this.#query = query;
    this.#turn(() => (this.#after = [""]));
  }

  #choose(entity) {
    this.#entity = entity;
    for (const node of by("entities").children) node.setAttribute("aria-pressed", String(node.dataset.key === entity));
    this.#offerNew();
    this.#head();
    this.#turn(() => (this.#after = [""]));
  }

  #turn(change) {
    change();
    void this.load();
  }

  #columns() {
    const fields = this.#source.entity(this.#entity)?.fields ?? [];
    return fields.filter((field) => field.type !== "json").slice(0, kColumnsLimit);
  }

  #systems() {
    return this.#source.entity(this.#entity)?.systems ?? [];
  }

  #head() {
    by("records-head").replaceChildren(el("tr", {}, this.#columns().map((field) => el("th", { scope: "col" }, field.name)),
      this.#systems().map((system) => el("th", { scope: "col", class: "system-col" }, system))));
    by("records-body").replaceChildren();
  }

  async load() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const request = ++this.#request;
    try {
      const page = await get(`/sources/${part(this.#source.id)}/records`,
        { entity: this.#entity, query: this.#query, after: this.#after.at(-1), limit: kPageSize });
      if (request !== this.#request || this.#stopped) return;
      this.#items = page.items;
      this.#next = page.next;
      this.#show();
    } catch (error) {
      if (request !== this.#request || this.#stopped) return;
      setText(by("records-empty"), error.message);
      by("records-empty").hidden = false;
    }
  }

  #show() {
    keyed(by("records-body"), this.#items, (item) => item.id, (item) => this.#row(item), (node, item) => this.#fill(node, item));
    const page = this.#after.length;
    by("records-empty").hidden = this.#items.length > 0;
    setText(by("records-empty"), this.#query ? `No ${this.#entity} holds “${this.#query}”.` : `No ${this.#entity} yet.`);
    by("page-back").disabled = page === 1;
    by("page-next").disabled = this.#next === null;
    setText(by("page-text"), this.#items.length ? `Page ${page}` : "");
  }

  #row(item) {
    const open = () => this.#open(item.id);
    const openByRow = (event) => {
      if (event.target.closest("button")) return;
      event.currentTarget.querySelector("button")?.focus({ preventScroll: true });  // where the focus comes back to
      open();
    };
    return el("tr", { on: { click: openByRow } },
      this.#columns().map((field, index) => el("td", { data: { field: field.name } },
        index === 0 ? el("button", { class: "link cell", type: "button", on: { click: open } }) : null)),
      this.#systems().map((system) => el("td", { class: "system-col", data: { system } })));
  }

  #fill(node, item) {
    const known = node.dataset.revision !== undefined;
    node.dataset.revision = String(item.revision);
    for (const cell of node.children) {
      const { field, system } = cell.dataset;
      const status = system === undefined ? null : item.systems[system]?.status ?? "unlinked";
      const text = system === undefined ? JSON.stringify(item.fields[field] ?? null) : `${status} ${item.systems[system]?.detail ?? ""}`;
      if (cell.dataset.shown === text) continue;
      cell.dataset.shown = text;
      if (system !== undefined) cell.replaceChildren(badge(status, item.systems[system]?.detail));
      else if (cell.firstElementChild?.matches("button")) setText(cell.firstElementChild, valueText(item.fields[field]) || item.id);
      else cell.replaceChildren(valueNode(item.fields[field] ?? null));
      if (known && system === undefined) flash(cell);
    }
  }
}

function flash(cell) {
  cell.classList.remove("flash");
  requestAnimationFrame(() => cell.classList.add("flash"));
}
