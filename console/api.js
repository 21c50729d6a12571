// Requests to the server's API (docs/api/openapi.yaml) as the person who holds the key.

const kKey = "lockstep.key";
const kPatienceMs = 60_000;
let askForKey = null;
let asking = null;

export function onKeyNeeded(ask) {
  askForKey = ask;
}

export const hasKey = () => sessionStorage.getItem(kKey) !== null;
export const setKey = (key) => sessionStorage.setItem(kKey, key);
export const forgetKey = () => sessionStorage.removeItem(kKey);

export function authorization() {
  const key = sessionStorage.getItem(kKey);
  return key === null ? {} : { Authorization: `Bearer ${key}` };
}

// One question at a time, however many requests were refused.
export function keyRefused() {
  asking ??= askForKey(hasKey()).finally(() => {
    asking = null;
  });
  return asking;
}

export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function problemOf(response) {
  try {
    return (await response.json()).detail ?? `the server answered ${response.status}`;
  } catch {
    return `the server answered ${response.status}`;
  }
}

// Answers {body, etag}; throws ApiError. 401 asks for a key and tries again.
export async function call(method, path, { body, headers, query } = {}) {
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, value);
  }
  for (;;) {
    const response = await fetch(url, {
      method,
      cache: "no-store",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...authorization(), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(kPatienceMs),
    }).catch(() => {
      throw new ApiError(0, "the server does not answer");
    });
    if (response.status === 401) {
      await keyRefused();
      continue;
    }
    if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    return { body: await response.json(), etag: response.headers.get("ETag") };
  }
}

export const get = async (path, query) => (await call("GET", path, { query })).body;
export const post = async (path, body, headers) => (await call("POST", path, { body, headers })).body;

// A part of a path.
export const part = encodeURIComponent;

// A name for one attempt, so that sending it twice does it once.
export function attemptId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
