// Who asks: an account's name and password (the session is a cookie that no script sees), or an API key. With the link
// that `lockstep up` prints on a new server: the first account.
import { call, forgetKey, hasKey, problemOf, setKey } from "./api.js";
import { by, setText } from "./dom.js";

const kSetup = "#setup=";

const setupToken = () => (location.hash.startsWith(kSetup) ? location.hash.slice(kSetup.length) : null);

// Signs in, or throws with a sentence.
async function signIn(account, password) {
  const setup = setupToken();
  const response = await fetch(setup === null ? "/api/v1/session" : "/api/v1/setup", {
    method: "POST",
    cache: "no-store",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(setup === null ? { account, password } : { setup, account, password }),
  }).catch(() => {
    throw new Error("The server does not answer.");
  });
  if (response.status === 429) throw new Error(`Too many attempts: wait ${response.headers.get("Retry-After") ?? "some"} seconds.`);
  if (!response.ok) throw new Error(await problemOf(response));
  if (setup !== null) history.replaceState(null, "", location.pathname);
}

function open(dialog, form, submit) {
  dialog.oncancel = (event) => event.preventDefault();
  form.onsubmit = (event) => {
    event.preventDefault();
    void submit();
  };
  dialog.showModal();
}

function askAccount(done) {
  const dialog = by("sign-in");
  const submit = by("sign-in-submit");
  const setup = setupToken() !== null;
  setText(by("sign-in-title"), setup ? "The first account" : "Sign in");
  setText(by("sign-in-why"), setup ? "It manages everything here: other accounts, too. A password has 12 characters or more." : "With an account of this server.");
  setText(submit, setup ? "Create" : "Sign in");
  setText(by("sign-in-message"), "");
  by("use-key").hidden = setup;
  by("sign-in-password").autocomplete = setup ? "new-password" : "current-password";
  by("use-key").onclick = () => {
    dialog.close();
    askKey("API keys stand in the server's configuration (access.api_keys in lockstep.yaml). The key stays in this browser tab only.", done);
  };
  open(dialog, by("sign-in-form"), async () => {
    setText(by("sign-in-message"), "");
    submit.disabled = true;
    try {
      await signIn(by("sign-in-account").value.trim(), by("sign-in-password").value);
      by("sign-in-password").value = "";
      dialog.close();
      done();
    } catch (error) {
      setText(by("sign-in-message"), error.message);
      by("sign-in-password").select();
    } finally {
      submit.disabled = false;
    }
  });
}

function askKey(why, done) {
  const dialog = by("ask-key");
  setText(by("ask-key-why"), why);
  by("ask-key-input").value = "";
  by("use-account").onclick = () => {
    forgetKey();
    dialog.close();
    askAccount(done);
  };
  open(dialog, by("ask-key-form"), () => {
    setKey(by("ask-key-input").value.trim());
    dialog.close();
    done();
  });
}

export const askWho = (refused) => new Promise((done) => {
  if (refused) askKey("The server did not accept this key. Try another one.", done);
  else askAccount(done);
});

// The button that ends it: a session is ended at the server, a key is forgotten here.
export function showWho(who) {
  const button = by("key");
  button.hidden = !hasKey() && who.session === undefined;
  setText(button, hasKey() ? "Change key" : "Sign out");
  button.title = who.name;
  button.onclick = async () => {
    if (hasKey()) forgetKey();
    else await call("DELETE", "/session");
    location.reload();
  };
}
