// What the checks share: tokens as Supabase issues them, people who edit, and patience.
import { createHmac } from "node:crypto";
import { tokenSecret } from "../browser/stage.mjs";

export const base64url = (text) => Buffer.from(text).toString("base64url");

// Of somebody who may see `sources`.
export function claimsOf(name, { sources = ["main"], role = "editor", seconds = 3600 } = {}) {
  const now = Math.floor(Date.now() / 1000);
  return { sub: name, role: "authenticated", iat: now, exp: now + seconds, app_metadata: { lockstep: { role, sources } } };
}

// A JSON Web Token signed with a secret.
export function token(name, { secret = tokenSecret, header = { alg: "HS256", typ: "JWT" }, ...rights } = {}) {
  const text = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claimsOf(name, rights)))}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

let people = 0;

// A new contact, made through the API; its record's id.
export async function addContact(stage, fields = {}) {
  const email = `person${++people}.${process.pid}@example.com`;
  const made = await stage.api("POST", "/sources/main/records", { entity: "contact", fields: { first_name: `Person ${people}`, email, ...fields } });
  if (made.status !== 201) throw new Error(`no contact: ${made.status} ${JSON.stringify(made.body)}`);
  return { id: made.body.record, email };
}

export async function editContact(stage, id, fields) {
  const done = await stage.api("PATCH", `/sources/main/records/${id}`, { fields });
  if (done.status !== 200) throw new Error(`no edit: ${done.status} ${JSON.stringify(done.body)}`);
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export function same(found, wanted, what) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

// The sequences that the journal has of a source after `after`, by the event stream.
export async function journalAfter(stage, after, until) {
  const abort = new AbortController();
  const response = await fetch(`${stage.url}/api/v1/sources/main/events?after=${after}`, { headers: stage.authorization, signal: abort.signal });
  const seqs = [];
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    seqs.length = 0;
    for (const [, seq] of text.matchAll(/^id: (\d+)$/gm)) seqs.push(Number(seq));
    if (seqs.at(-1) >= until) break;
  }
  abort.abort();
  return seqs.filter((seq) => seq <= until);
}
