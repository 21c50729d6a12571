// The form of a record: one input per field. Only what was touched is sent. When the record changes underneath,
// untouched inputs follow and touched ones keep what was typed, beside what is there now.
import { el, setText, valueText } from "./dom.js";

export class RecordForm {
  #inputs = new Map();  // field -> {field, input, note, base}
  #message = el("p", { class: "form-message", role: "alert" });
  #submit;
  #actions;
  node;

  // actions: save(fields) and, for a record that exists, remove(); both may throw ApiError.
  constructor(entity, record, actions) {
    this.#actions = actions;
    const rows = entity.fields.map((field) => this.#row(field, record?.fields[field.name]));
    this.#submit = el("button", { class: "primary", type: "submit" }, record ? "Save" : "Create");
    const remove = record ? this.#removeButton() : null;
    this.node = el("form", { class: "form", novalidate: true, on: { submit: (event) => void this.#send(event) } },
      rows, this.#message, el("div", { class: "row-end" }, remove, el("span", { class: "spring" }), this.#submit));
  }

  focus() {
    this.#inputs.values().next().value?.input.focus();
  }

  #row(field, value) {
    const input = inputFor(field);
    const note = el("span", { class: "form-note" });
    const one = { field, input, note, base: value, at: toInput(field, value) };
    input.value = one.at;
    input.addEventListener("input", () => setText(note, ""));
    this.#inputs.set(field.name, one);
    return el("label", { class: "form-row", data: { field: field.name } },
      el("span", { class: "form-label" }, field.name, el("small", { class: "muted" }, ` ${field.type}`)), input, note);
  }

  #removeButton() {
    let armed = false;
    const button = el("button", { class: "danger", type: "button" }, "Delete");
    button.addEventListener("click", async () => {
      if (!armed) {
        armed = true;
        setText(button, "Really delete everywhere?");
        setTimeout(() => ((armed = false), setText(button, "Delete")), 4000);
        return;
      }
      await this.#attempt(() => this.#actions.remove());
    });
    return button;
  }

  // What was typed, by field; throws with a sentence when a value makes no sense.
  #touched() {
    const fields = {};
    for (const { field, input, at } of this.#inputs.values()) {
      if (input.value !== at) fields[field.name] = fromInput(field, input.value);
    }
    return fields;
  }

  async #send(event) {
    event.preventDefault();
    let fields;
    try {
      fields = this.#touched();
    } catch (error) {
      setText(this.#message, error.message);
      return;
    }
    if (Object.keys(fields).length === 0) {
      setText(this.#message, "Nothing has been changed.");
      return;
    }
    await this.#attempt(() => this.#actions.save(fields));
  }

  async #attempt(action) {
    setText(this.#message, "");
    this.#submit.disabled = true;
    try {
      await action();
    } catch (error) {
      setText(this.#message, error.status === 409
        ? `${this.clashes() ? "Somebody changed the same field meanwhile; what is there now stands beside yours. Save again to replace it." : error.message}`
        : error.message);
      for (const one of this.#inputs.values()) one.clash = false;  // it has been seen: the next save means it
    } finally {
      this.#submit.disabled = false;
    }
  }

  // The record is now this.
  rebase(record) {
    for (const one of this.#inputs.values()) {
      const now = record.fields[one.field.name];
      if (JSON.stringify(now) === JSON.stringify(one.base)) continue;
      const touched = one.input.value !== one.at;
      one.base = now;
      one.at = toInput(one.field, now);
      if (!touched) {
        one.input.value = one.at;
      } else if (one.input.value === one.at) {
        setText(one.note, "");
      } else {
        one.clash = true;
        const origin = record.stamps[one.field.name]?.origin;
        setText(one.note, `now “${valueText(now)}”${origin ? ` from ${origin}` : ""}`);
      }
    }
  }

  clashes() {
    return [...this.#inputs.values()].some((one) => one.clash);
  }

  saved() {
    setText(this.#message, "");
    for (const one of this.#inputs.values()) {
      one.clash = false;
      one.at = one.input.value;
      setText(one.note, "");
    }
  }
}

function inputFor(field) {
  if (field.type === "boolean") return select(["", "true", "false"]);
  if (field.type === "enumeration") return select(["", ...(field.options ?? [])]);
  if (field.type === "json") return el("textarea", { rows: 4, spellcheck: "false" });
  const kinds = { email: "email", phone: "tel", date: "date" };
  const modes = { integer: "numeric", decimal: "decimal" };
  const hints = { set: "separated by commas", datetime: "2026-11-21T08:00:00Z", reference: field.target ? `id of a ${field.target}` : "id" };
  return el("input", { type: kinds[field.type] ?? "text", inputmode: modes[field.type], placeholder: hints[field.type], autocomplete: "off" });
}

function select(options) {
  return el("select", {}, options.map((value) => el("option", { value }, value || "none")));
}

function toInput(field, value) {
  if (value === null || value === undefined) return "";
  if (field.type === "set" && Array.isArray(value)) return value.join(", ");
  if (field.type === "json") return JSON.stringify(value, null, 2);
  return valueText(value);
}

function fromInput(field, text) {
  const trimmed = text.trim();
  if (field.type === "set") return trimmed === "" ? [] : trimmed.split(",").map((one) => one.trim()).filter(Boolean);
  if (trimmed === "") return null;
  if (field.type === "boolean") return trimmed === "true";
  if (field.type === "integer") {
    if (!/^-?\d+$/.test(trimmed)) throw new Error(`${field.name} is a whole number`);
    return Number.isSafeInteger(Number(trimmed)) ? Number(trimmed) : trimmed;
  }
  if (field.type === "json") {
    try {
      return JSON.parse(trimmed);
    } catch {
      throw new Error(`${field.name} is not valid JSON`);
    }
  }
  return field.type === "text" ? text : trimmed;
}
