// Builds elements. Values come from outside systems: they only ever become text, never markup.

// el("td", {class: "x", title: "…", on: {click: f}}, "text", child, …)
export function el(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, action] of Object.entries(value)) node.addEventListener(event, action);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Replaces the children; nothing stands for nothing.
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

export const by = (id) => document.getElementById(id);

// Changes the text only when it differs, so that nothing repaints or is announced again for nothing.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Brings the children of `parent` to `items` in order; rows that stay keep their element, and with it the focus.
export function keyed(parent, items, keyOf, make, update) {
  const wanted = new Set(items.map((item) => String(keyOf(item))));
  const old = new Map();
  for (const node of [...parent.children]) {
    if (wanted.has(node.dataset.key)) old.set(node.dataset.key, node);
    else node.remove();
  }
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let node = old.get(key);
    if (!node) {
      node = make(item);
      node.dataset.key = key;
    }
    update(node, item);
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

const numbers = new Intl.NumberFormat("en");
export const count = (value) => numbers.format(value ?? 0);

export function duration(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  if (us < 60_000_000) return `${(us / 1_000_000).toFixed(1)} s`;
  if (us < 3_600_000_000) return `${Math.round(us / 60_000_000)} min`;
  return `${(us / 3_600_000_000).toFixed(1)} h`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });

// Today: the time; before: the day as well.
export function timeText(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  return time.toDateString() === new Date().toDateString() ? clock.format(time) : day.format(time);
}

export function timeNode(iso) {
  return el("time", { datetime: iso, title: iso }, timeText(iso));
}

export function valueText(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// A value with a word for the three kinds of nothing, which are not the same.
export function valueNode(value, properties) {
  if (value === undefined) return el("span", { class: "nothing" }, "absent");
  if (value === null) return el("span", { class: "nothing" }, "none");
  if (value === "" || (Array.isArray(value) && value.length === 0)) return el("span", { class: "nothing" }, "empty");
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) {
    return el("span", { class: "tags" }, value.map((one) => el("span", { class: "tag" }, String(one))));
  }
  return el("span", { class: "value", ...properties }, valueText(value));
}

const glyphs = { synced: "✓", pending: "…", failed: "!", unlinked: "–", gone: "∅", conflict: "≠" };

// Status as colour, sign and word.
export function badge(status, detail) {
  return el("span", { class: "badge", data: { status }, title: detail || null }, el("span", { "aria-hidden": "true" }, glyphs[status] ?? "?"), ` ${status}`);
}

export function toast(text, kind = "good") {
  const node = el("div", { class: "toast", data: { kind } }, text);
  const box = by("toasts");
  box.append(node);
  while (box.children.length > 4) box.firstElementChild.remove();
  setTimeout(() => node.remove(), kind === "bad" ? 9000 : 4000);
}
