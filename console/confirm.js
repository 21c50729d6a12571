// Asks before something is written, and says what that will be. What goes wrong stays in the question, with what can be done.
import { by, el, fill, setText } from "./dom.js";

// `plan`: nodes that say what will happen. `act({force, reason})` does it. `force`: the words for doing it also where
// somebody has changed something since; offered when the server answers 409. `reason`: the label of a text that is needed.
// Resolves to what `act` answered, or to null when the person has thought better of it.
export function confirm({ title, plan, yes, force, reason, act }) {
  const dialog = by("confirm");
  const back = document.activeElement;
  const message = el("p", { class: "form-message", role: "alert" });
  const text = reason ? el("input", { id: "confirm-reason", required: true, maxlength: 500, autocomplete: "off" }) : null;
  const go = el("button", { class: "primary", type: "submit" }, yes);
  const cancel = el("button", { type: "button", on: { click: () => dialog.close() } }, "Cancel");
  return new Promise((done) => {
    let answer = null;
    let forced = false;
    // While it is sent there is no way back: who closes the question would take what is done for not done.
    const sending = (yes) => {
      go.disabled = cancel.disabled = yes;
    };
    const submit = async (event) => {
      event.preventDefault();
      sending(true);
      setText(message, "");
      try {
        answer = await act({ force: forced, reason: text?.value.trim() });
        dialog.close();
      } catch (error) {
        const can = error.status === 409 && force && !forced && /changed since/.test(error.message);
        setText(message, can ? `${error.message}. Nothing was done: ${force.toLowerCase()}, or cancel and look at the history.` : advice(error));
        if (can) {
          forced = true;
          setText(go, force);
        }
      }
      sending(false);
      if (dialog.open) go.focus();
    };
    fill(dialog, el("form", { on: { submit: (event) => void submit(event) } },
      el("h2", { id: "confirm-title" }, title), el("div", { class: "plan" }, plan),
      text ? el("label", { for: "confirm-reason" }, reason, text) : null, message,
      el("div", { class: "row-end" }, cancel, go)));
    dialog.oncancel = (event) => {
      if (go.disabled) event.preventDefault();
    };
    dialog.onclose = () => {
      fill(dialog);
      back?.focus?.();
      done(answer);
    };
    dialog.showModal();
    (text ?? go).focus();
  });
}

function advice(error) {
  if (error.status === 403) return `${error.message}. Ask somebody who may, or use another key (Change key).`;
  if (error.status === 0) return `${error.message}: check the connection and try again. Trying again does no harm.`;
  if (error.status === 429 || error.status === 503) return `${error.message}. Nothing was done: try again in a moment.`;
  if (error.status === 404) return `${error.message}. It may have been pruned or decided already: close this and look again.`;
  return error.message;
}

// "phone: +1 … → +1 …"
export function steps(changes) {
  return el("ul", { class: "steps" }, changes.map(([name, from, to]) => el("li", {}, el("span", { class: "field-name" }, name),
    el("span", { class: "from" }, from), el("span", { class: "arrow" }, "→", el("span", { class: "unseen" }, " becomes ")), el("span", { class: "to" }, to))));
}
