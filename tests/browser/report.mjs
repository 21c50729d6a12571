// Results of checks: one line each on the terminal, and a file in JUnit's format as `./dev test` counts them.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const plain = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "?");

export class Report {
  passed = 0;
  failed = 0;
  #suite;
  #cases = [];

  constructor(suite) {
    this.#suite = suite;
  }

  succeeded(name, ms) {
    ++this.passed;
    this.#cases.push(`<testcase classname="${this.#suite}" name="${plain(name)}" status="run"/>`);
    console.log(`ok    ${name} (${ms} ms)`);
  }

  wentWrong(name, error) {
    ++this.failed;
    const lines = error.message.split("\n").filter((line) => line !== "");
    const what = (lines.length > 10 ? [...lines.slice(0, 3), "…", ...lines.slice(-6)] : lines).join(" | ");  // a program speaks last of why it ended
    this.#cases.push(`<testcase classname="${this.#suite}" name="${plain(name)}" status="run"><failure message="${plain(what)}"/></testcase>`);
    console.log(`FAIL  ${name}: ${what}`);
  }

  // The process's exit code.
  finish(file) {
    if (file) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, `<testsuites>\n${this.#cases.join("\n")}\n</testsuites>\n`);
    }
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 ? 0 : 1;
  }
}
