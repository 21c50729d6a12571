// What a person takes back or decides: undo of a change and of a job, conflicts turned round, dead letters in bulk. Each
// says first what will be written, and the keyboard is enough.
import assert from "node:assert/strict";
import { close, inCrm, openRecord } from "./edit_checks.mjs";
import { someone, text } from "./page_checks.mjs";
import { eventually } from "./stage.mjs";

const confirm = "#confirm[open]";
const inCrmIs = (stage, id, field, value) => eventually(async () => (await inCrm(stage, id))[field] === value, `the CRM has ${value}`);
const change = async (stage, page, id, body) => {
  await stage.control("PUT", `contacts/${id}`, body);
  await page.locator("#ticker li.change", { hasText: Object.values(body)[0] }).first().waitFor();
};
const record = async (stage, email) => (await stage.api("GET", `/sources/main/records?query=${encodeURIComponent(email)}`)).body.items[0];

export const peopleChecks = [
  ["a change is undone after the page has said what that writes", async ({ stage, page, shot }) => {
    await page.goto(stage.url);
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "records");
    const one = await someone(stage, 5);
    await change(stage, page, one.id, { firstName: "Oversight" });
    await openRecord(page, one.email);
    const undo = page.locator(".history li", { hasText: "Oversight" }).locator("button.undo");
    await undo.first().focus();
    await page.keyboard.press("Enter");
    await page.locator(confirm).waitFor();
    assert.match(await text(page, `${confirm} .plan`), new RegExp(`Oversight[\\s\\S]*${one.firstName}[\\s\\S]*crm, db`));
    await shot("undo");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(confirm).count(), 0);
    assert.equal((await inCrm(stage, one.id)).firstName, "Oversight", "nothing was written");
    assert.equal(await page.evaluate(() => document.activeElement?.className), "link undo", "the focus is back");
    await page.keyboard.press("Enter");
    await page.locator(confirm).waitFor();
    let answer;
    const held = new Promise((resolve) => { answer = resolve; });
    await page.route("**/undo", async (route) => (await held, route.continue()));
    const asked = page.waitForRequest("**/undo");
    await page.keyboard.press("Enter");
    await asked;
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(confirm).count(), 1, "what is being sent is not called off");
    answer();
    await inCrmIs(stage, one.id, "firstName", one.firstName);
    await page.locator(".toast", { hasText: "Undone" }).first().waitFor();
    await page.unroute("**/undo");
    await close(page);
  }],
  ["an undo of what somebody has changed since asks once more", async ({ stage, page, shot }) => {
    const one = await someone(stage, 6);
    await change(stage, page, one.id, { firstName: "Firstly" });
    await change(stage, page, one.id, { firstName: "Secondly" });
    await openRecord(page, one.email);
    await page.locator(".history li", { hasText: `${one.firstName}` }).locator("button.undo").first().click();
    await page.locator(confirm).waitFor();
    assert.match(await text(page, `${confirm} .plan`), /Changed since by somebody: first_name/);
    await page.locator(`${confirm} button.primary`).click();
    await page.locator(`${confirm} .form-message`, { hasText: "changed since" }).waitFor();
    await shot("undo-again");
    await page.locator(`${confirm} button.primary`, { hasText: "Set it back all the same" }).click();
    await inCrmIs(stage, one.id, "firstName", one.firstName);
    await close(page);
  }],
  ["everything that a job did is undone", async ({ stage, page, shot }) => {
    const some = [await someone(stage, 30), await someone(stage, 31), await someone(stage, 32)];
    await stage.control("PUT", "faults", { webhook_lost: { rate: 1 } });  // the job alone finds them
    for (const one of some) await stage.control("PUT", `contacts/${one.id}`, { lastName: "Bulk" });
    // The card is drawn anew while much is going on: a click that finds it moving is tried again.
    const readAll = page.locator("#system-crm button", { hasText: "Read all" });
    await eventually(() => readAll.click({ timeout: 2_000 }).then(() => true, () => false), "the button takes the click", 60_000);
    const mirror = async () => (await stage.api("GET", "/sources/main/jobs")).body.items.filter((job) => job.kind === "mirror" && job.system === "crm")[0];
    await eventually(async () => (await record(stage, some[2].email)).fields.last_name === "Bulk" && (await mirror()).state === "done", "the job has brought it in");
    const { id } = await mirror();
    await page.click("#view-joblist");
    await page.locator(`#joblist [data-job="${id}"]`).waitFor();
    await shot("jobs");
    await page.locator(`#joblist [data-job="${id}"] button`, { hasText: "Undo all it did" }).click();
    await page.locator(confirm).waitFor();
    assert.match(await text(page, `${confirm} .plan`), /mirror of crm[\s\S]*written to all systems/);
    await shot("undo-job");
    await page.locator(`${confirm} button.primary`).click();
    for (const one of some) await inCrmIs(stage, one.id, "lastName", one.lastName);
    await eventually(async () => /undo[\s\S]*3 undone/.test(await text(page, "#joblist .card")) || (await page.click("#view-records"), await page.click("#view-joblist"), false), "the undo is a job as well");
    await page.click("#view-records");
    await stage.control("DELETE", "faults");
  }],
  ["a decided conflict is turned round", async ({ stage, page, shot }) => {
    await stage.control("DELETE", "faults");  // of a check before that failed
    const one = await someone(stage, 40);
    const { id } = await record(stage, one.email);
    await stage.api("POST", "/sources/main/systems/crm/pause", { reason: "for a conflict" });
    await stage.api("PATCH", `/sources/main/records/${id}`, { fields: { first_name: "Fromapp" } });
    await stage.control("PUT", `contacts/${one.id}`, { firstName: "Fromcrm" });
    await eventually(async () => (await record(stage, one.email)).fields.first_name === "Fromcrm", "the CRM wins");
    await stage.api("POST", "/sources/main/systems/crm/resume", {});
    await page.click("#view-conflicts");
    await page.locator("#conflicts .empty").waitFor();
    await page.locator("#conflicts-all").focus();
    await page.keyboard.press("Space");
    const card = page.locator("#conflicts .card", { hasText: "Fromapp" });
    await card.waitFor();
    assert.match(await card.innerText(), /crm won by authority/);
    await shot("conflicts");
    await card.locator("button", { hasText: "Take that of app" }).click();
    await page.locator(confirm).waitFor();
    assert.match(await text(page, `${confirm} .plan`), /Fromcrm[\s\S]*Fromapp[\s\S]*crm, db/);
    await page.keyboard.press("Enter");
    await inCrmIs(stage, one.id, "firstName", "Fromapp");
    await eventually(async () => /decided by/.test(await card.innerText()), "it says who has decided");
    await card.locator("button", { hasText: "Take that of crm" }).click();  // and back
    await page.locator(confirm).waitFor();
    await page.keyboard.press("Enter");
    await inCrmIs(stage, one.id, "firstName", "Fromcrm");
    await page.click("#view-records");
  }],
  ["dead letters of one cause are tried again together, and given up with a reason", async ({ stage, page, shot }) => {
    const taken = await someone(stage, 20);  // the CRM allows an e-mail only once
    const [one, two] = [await someone(stage, 21), await someone(stage, 22)];
    for (const who of [one, two]) {
      const { id } = await record(stage, who.email);
      await stage.api("PATCH", `/sources/main/records/${id}`, { fields: { email: taken.email, last_name: `Dead ${who.lastName}` } });
    }
    await eventually(async () => (await text(page, "#count-dead strong")) === "2", "two dead letters", 30_000);
    await page.click("#view-deadletters");
    const group = page.locator("#deadletters .groups .card").first();
    await group.locator("button", { hasText: "Retry these 2" }).click();
    await page.locator(confirm).waitFor();
    assert.match(await text(page, `${confirm} .plan`), /2 writes are tried again/);
    await shot("retry");
    await page.keyboard.press("Enter");
    await page.locator(".toast", { hasText: "2 will be tried again" }).first().waitFor();
    // The page may still count those of before: the question asks the server.
    await eventually(async () => {
      await group.locator("button", { hasText: "Give up" }).click();
      await page.locator(confirm).waitFor();
      if (/^2 writes/.test(await text(page, `${confirm} .plan`))) return true;
      await page.keyboard.press("Escape");
      return false;
    }, "refused again", 30_000);
    await page.keyboard.type("the same person twice");
    await shot("give-up");
    await page.keyboard.press("Enter");
    await page.locator(".toast", { hasText: "2 given up" }).first().waitFor();
    await page.locator("#deadletters .empty").waitFor();
    await page.click("#view-records");
  }],
];
