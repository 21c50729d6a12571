// The event stream of one source: resumes where it stopped, without a hole, and starts again by itself.
import { authorization, keyRefused, part, problemOf } from "./api.js";

const kSilenceMs = 45_000;  // the server says something every 15 s
const kFrameLimit = 8 << 20;
const kWaitLimitMs = 15_000;

export class EventStream {
  #source;
  #after;
  #handlers;
  #abort = null;
  #stopped = false;

  // handlers: event(entry), state("live" | "connecting" | "lost"), gap(to) when events up to that one are gone for good,
  // reset() when what we hold is not from this store.
  constructor(source, after, handlers) {
    this.#source = source;
    this.#after = after;
    this.#handlers = handlers;
    void this.#run();
  }

  stop() {
    this.#stopped = true;
    this.#abort?.abort();
  }

  async #run() {
    let wait = 500;
    while (!this.#stopped) {
      this.#handlers.state("connecting");
      const began = Date.now();
      try {
        if ((await this.#read()) === "stop") return;
      } catch {
        // The connection ended; whatever the reason, the answer is to continue from the last event.
      }
      if (this.#stopped) return;
      this.#handlers.state("lost");
      wait = Date.now() - began > 10_000 ? 500 : Math.min(wait * 2, kWaitLimitMs);
      await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random() / 2)));
    }
  }

  async #read() {
    this.#abort = new AbortController();
    const response = await fetch(`/api/v1/sources/${part(this.#source)}/events`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": String(this.#after), ...authorization() },
      cache: "no-store",
      signal: this.#abort.signal,
    });
    if (response.status === 401) {
      await keyRefused();
      return "again";
    }
    if (response.status === 409) {
      this.#handlers.reset();
      return "stop";
    }
    if (!response.ok) throw new Error(await problemOf(response));
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let silence = null;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => this.#abort.abort(), kSilenceMs);
    };
    let buffer = "";
    let live = false;
    try {
      for (;;) {
        listen();
        const { value, done } = await reader.read();
        if (done) return "again";
        if (!live) this.#handlers.state("live");
        live = true;
        buffer += decoder.decode(value, { stream: true });
        let end;
        while ((end = buffer.indexOf("\n\n")) >= 0) {
          this.#frame(buffer.slice(0, end));
          buffer = buffer.slice(end + 2);
        }
        if (buffer.length > kFrameLimit) throw new Error("an event without end");
      }
    } finally {
      clearTimeout(silence);
      this.#abort.abort();
    }
  }

  #frame(text) {
    let id = null;
    let kind = "";
    let data = "";
    for (const line of text.split("\n")) {
      if (line.startsWith("id: ")) id = Number(line.slice(4));
      else if (line.startsWith("event: ")) kind = line.slice(7);
      else if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (id === null || data === "") return;
    if (id <= this.#after) return;
    this.#after = id;
    if (kind === "gap") this.#handlers.gap(id);
    else this.#handlers.event(JSON.parse(data));
  }
}
