// Drives the live page in Chromium against the real program. One line per check; the last line counts them.
//   LOCKSTEP_BIN  the program (default: build/dev/lockstep)
//   CHROMIUM      the browser (default: /usr/bin/chromium)
//   SHOTS         a folder for pictures, for people
//   ONLY          a part of the names of the checks that run
//   RESULTS       a file for the results in JUnit's format, as `./dev test` counts them
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { accessChecks, accountChecks, setupChecks } from "./access_checks.mjs";
import { clientChecks } from "./client_checks.mjs";
import { editChecks } from "./edit_checks.mjs";
import { pageChecks } from "./page_checks.mjs";
import { peopleChecks } from "./people_checks.mjs";
import { Report } from "./report.mjs";
import { Stage } from "./stage.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = path.resolve(process.env.LOCKSTEP_BIN ?? path.join(root, "build/dev/lockstep"));
const browserFile = process.env.CHROMIUM ?? "/usr/bin/chromium";
for (const [what, file] of [["the program (LOCKSTEP_BIN)", binary], ["Chromium (CHROMIUM)", browserFile]]) {
  if (!existsSync(file)) {
    console.error(`${what} is not at ${file}`);
    process.exit(3);
  }
}
const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

const only = process.env.ONLY ?? "";
const report = new Report("browser");

// Checks of one group share a stage and run in order.
async function group(access, checks) {
  const wanted = checks.filter(([name]) => name.includes(only));
  if (wanted.length === 0) return;
  const stage = await Stage.start(binary, access);
  const browser = await chromium.launch({ executablePath: browserFile,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    const troubles = [];  // what the browser complains about: scripts, the content policy, answers
    page.on("pageerror", (error) => troubles.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") troubles.push(message.text());
    });
    const play = { stage, page, troubles, shot: async (name) => shots && page.screenshot({ path: path.join(shots, `${name}.png`) }) };
    for (const [name, check] of wanted) {
      const began = Date.now();
      play.closing = [];
      try {
        await check(play);
        report.succeeded(name, Date.now() - began);
      } catch (error) {
        report.wentWrong(name, error);
        await play.shot(`failed-${report.passed + report.failed}`);
        await page.keyboard.press("Escape");  // an open panel must not take the next checks with it
      }
      for (const close of play.closing) await close();
    }
  } finally {
    await browser.close();
    await stage.stop();
  }
}

for (const [access, checks] of [["open", pageChecks], ["open", editChecks], ["open", peopleChecks], ["keys", accessChecks], ["keys", accountChecks], ["new", setupChecks], ["tokens", clientChecks]]) {
  try {
    await group(access, checks);
  } catch (error) {
    report.wentWrong(`the stage "${access}"`, error);
  }
}
process.exit(report.finish(process.env.RESULTS));
