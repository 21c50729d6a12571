// What a person sees: records, statuses, changes as they happen, and that the page lives through a restart.
import assert from "node:assert/strict";
import { eventually } from "./stage.mjs";

const kRowsLimit = 200;
const text = (page, selector) => page.locator(selector).first().innerText();
const someone = async (stage, index = 0) => (await stage.control("GET", "contacts?limit=60")).contacts[index];
const rowOf = (page, word) => page.locator("#records-body tr", { hasText: word });

export const pageChecks = [
  ["the page loads with numbers, systems and records", async ({ stage, page }) => {
    await page.goto(stage.url);
    await eventually(async () => (await text(page, "#count-records strong")) === "60", "60 records counted");
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "a page of 50");
    assert.equal(await text(page, "#count-connected strong"), "2 of 2");
    await page.locator("#live[data-state=live]").waitFor();
  }],
  ["every record has a badge with a word per system", async ({ page }) => {
    const badges = page.locator("#records-body .badge");
    await eventually(async () => (await page.locator("#records-body .badge[data-status=synced]").count()) === 100, "100 synced badges");
    assert.match(await badges.first().innerText(), /synced/);
  }],
  ["pages go forth and back", async ({ page }) => {
    const first = await text(page, "#records-body tr");
    await page.click("#page-next");
    await eventually(async () => (await page.locator("#records-body tr").count()) === 10, "10 on the second page");
    assert.equal(await page.locator("#page-next").isDisabled(), true);
    await page.click("#page-back");
    await eventually(async () => (await text(page, "#records-body tr")) === first, "the first page again");
  }],
  ["search finds by any field", async ({ stage, page }) => {
    const one = await someone(stage, 7);
    await page.fill("#search", one.email);
    await eventually(async () => (await page.locator("#records-body tr").count()) === 1, "one row");
    assert.match(await text(page, "#records-body tr"), new RegExp(one.email.replaceAll(".", "\\.")));
    await page.fill("#search", "");
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "all again");
  }],
  ["a system is paused and resumed on the page", async ({ stage, page, shot }) => {
    const one = await someone(stage, 11);
    await page.click("#system-db [data-hold]");
    await eventually(async () => (await text(page, "#system-db .state")) === "paused", "the card says paused");
    assert.equal(await text(page, "#system-db .system-problem"), "paused on the page");
    await shot("paused");
    await stage.control("PUT", `contacts/${one.id}`, { firstName: "Waiting" });
    await eventually(async () => (await text(page, "#count-pending strong")) === "1", "the write waits");
    await page.click("#system-db [data-hold]");
    await eventually(async () => (await text(page, "#system-db .state")) === "connected", "the card says connected");
    await eventually(async () => (await text(page, "#count-pending strong")) === "0", "and is done");
  }],
  ["an edit in the CRM shows live: from, to, origin, latency", async ({ stage, page, shot }) => {
    const one = await someone(stage, 3);
    await page.fill("#search", one.email);
    await eventually(async () => (await page.locator("#records-body tr").count()) === 1, "the record is shown");
    await stage.control("PUT", `contacts/${one.id}`, { firstName: "Marguerite" });
    const row = page.locator("#ticker li.change", { hasText: "Marguerite" });
    await row.first().waitFor();
    assert.match(await row.first().locator(".from").first().innerText(), new RegExp(one.firstName));
    assert.equal(await row.first().locator(".origin").first().innerText(), "crm");
    await eventually(async () => /db ✓ .+(ms|s)/.test(await row.first().locator(".reached").innerText()), "the write with its latency");
    await eventually(async () => /Marguerite/.test(await text(page, "#records-body")), "the list follows without a reload");
    assert.match(await text(page, "#latency"), /written in .*p95/);
    await page.fill("#search", "");
    await shot("page-light");
  }],
  ["values from outside stay text", async ({ stage, page }) => {
    const one = await someone(stage, 5);
    await stage.control("PUT", `contacts/${one.id}`, { firstName: "<img src=x onerror=document.title='owned'>" });
    await page.locator("#ticker li.change", { hasText: "onerror" }).first().waitFor();
    assert.equal(await page.locator("#ticker img, #records img").count(), 0);
    assert.doesNotMatch(await page.title(), /owned/);
  }],
  ["echoes are hidden until asked for", async ({ page }) => {
    const echoes = page.locator("#ticker li.echo");
    await eventually(async () => (await echoes.count()) > 0, "an echo came");
    assert.equal(await echoes.first().isVisible(), false);
    await page.check("#echoes");
    assert.equal(await echoes.first().isVisible(), true);
    await page.evaluate(() => document.querySelectorAll("#ticker > li:not(.echo)").forEach((row) => row.remove()));
    await page.uncheck("#echoes");
    assert.equal(await page.locator("#ticker-empty").isVisible(), true, "nothing is to be seen, and that is said");
    await page.check("#echoes");
    assert.equal(await page.locator("#ticker-empty").isVisible(), false);
    await page.uncheck("#echoes");
  }],
  ["a flood of changes keeps the page small", async ({ stage, page }) => {
    await stage.control("POST", "seed", { contacts: 400, opportunities: 0, seed: 77, events: true });
    await eventually(async () => Number((await text(page, "#count-records strong")).replace(",", "")) >= 400, "the new records are counted", 60_000);
    await eventually(async () => (await stage.api("GET", "/sources/main/status")).body.counts.pending === 0, "all is written", 60_000);
    assert.ok((await page.locator("#ticker > li").count()) <= kRowsLimit, "the ticker has at most 200 rows");
    assert.ok((await page.locator("#records-body tr").count()) <= 50);
  }],
  ["after a restart of the server the page continues by itself, without a hole", async ({ stage, page, troubles }) => {
    await stage.server.stop();
    await page.locator("#live:not([data-state=live])").waitFor();
    const one = await someone(stage, 9);
    await stage.up();
    await page.locator("#live[data-state=live]").waitFor({ timeout: 30_000 });
    troubles.length = 0;  // refused connections are what a restart is
    await stage.control("PUT", `contacts/${one.id}`, { lastName: "Afterwards" });
    await page.locator("#ticker li.change", { hasText: "Afterwards" }).first().waitFor();
  }],
  ["where the stream has a gap the list is read again", async ({ stage, page, troubles }) => {
    // What is still on its way stays below it.
    const to = (await stage.api("GET", "/sources/main/status")).body.last_seq + 1000;
    // The first stream of the new server begins with a gap, as when the journal was pruned while the page was away;
    // later ones say nothing. Until it is up the page is refused, as it would be.
    let up = false;
    let streams = 0;
    await page.route("**/events", (route) => {
      if (!up) return route.abort("connectionrefused");
      if (++streams > 1) return undefined;
      return route.fulfill({ contentType: "text/event-stream",
        body: `retry: 1000\n\nid: ${to}\nevent: gap\ndata: {"from":1,"to":${to}}\n\n` });
    });
    await stage.server.stop();
    await page.locator("#live:not([data-state=live])").waitFor();
    await stage.up();
    const again = page.waitForRequest((request) => streams > 0 && request.url().includes("/records?"), { timeout: 30_000 });
    up = true;
    await again;
    await page.unroute("**/events");
    await page.reload();  // the sequence was made up
    await page.locator("#live[data-state=live]").waitFor();
    troubles.length = 0;
  }],
  ["dark, narrow and without motion", async ({ page, shot }) => {
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await shot("page-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    assert.equal(wide, false, "the page does not scroll sideways");
    await shot("page-narrow");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
  }],
  ["the browser has nothing to complain about", async ({ troubles }) => assert.deepEqual(troubles, [])],
];

export { rowOf, someone, text };
