// What a person does: look into a record, edit, create, delete, start a job, retry.
import assert from "node:assert/strict";
import { rowOf, someone, text } from "./page_checks.mjs";
import { eventually } from "./stage.mjs";

export async function openRecord(page, email) {
  await page.fill("#search", email);
  const row = page.locator("#records-body tr");
  await eventually(async () => (await row.count()) === 1 && (await row.first().innerText()).includes(email), "the record is found");
  await page.locator("#records-body tr button").first().click();
  await page.locator("#detail[open]").waitFor();
}

// What was asked is answered first: an Escape during it is not taken.
export async function close(page) {
  await page.locator("#confirm[open]").waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.locator("#detail[open]").waitFor({ state: "detached" });
}
const field = (page, name) => page.locator(`.form-row[data-field=${name}] input`);
export const inCrm = async (stage, id) => (await stage.control("GET", `contacts/${id}`)).contact ?? (await stage.control("GET", `contacts/${id}`));

export const editChecks = [
  ["a record shows values, origin, bases, history and why", async ({ stage, page, shot }) => {
    await page.goto(stage.url);
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "records");
    const one = await someone(stage, 2);
    await openRecord(page, one.email);
    assert.match(await text(page, ".value-row[data-field=email]"), /from\s+crm/);
    await page.locator(".holding[data-system=db] summary").click();
    assert.match(await text(page, ".holding[data-system=db] .base"), new RegExp(one.email.replaceAll(".", "\\.")));
    await page.locator(".value-row[data-field=email] .why").click();
    assert.match(await text(page, ".history li.meant"), /change[\s\S]*created/);
    await shot("detail");
    await close(page);
    assert.equal(await page.locator("#detail[open]").count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement?.className), "link cell", "the focus is back");
  }],
  ["an edit reaches the CRM, and the badges follow", async ({ stage, page, shot }) => {
    const one = await someone(stage, 2);
    await openRecord(page, one.email);
    await page.locator(".edit summary").click();
    await field(page, "first_name").fill("Ottilie");
    await shot("edit");
    await page.locator(".form button[type=submit]").click();
    await page.locator(".toast", { hasText: "Saved" }).first().waitFor();
    await eventually(async () => (await inCrm(stage, one.id)).firstName === "Ottilie", "the CRM has it");
    await eventually(async () => (await page.locator(".holding .badge[data-status=synced]").count()) === 2, "both synced again");
    await eventually(async () => /Ottilie[\s\S]*from\s+(app|hub)/.test(await text(page, ".value-row[data-field=first_name]")), "the panel follows");
    await close(page);
  }],
  ["a change under an open form: untouched fields follow, a clash is shown and asked", async ({ stage, page, shot }) => {
    const one = await someone(stage, 11);
    await openRecord(page, one.email);
    await page.locator(".edit summary").click();
    await field(page, "last_name").fill("Mine");
    await stage.control("PUT", `contacts/${one.id}`, { firstName: "Theirs", lastName: "Others" });
    await eventually(async () => (await field(page, "first_name").inputValue()) === "Theirs", "the untouched field follows");
    await page.locator(".form-note", { hasText: "Others" }).waitFor();
    assert.equal(await field(page, "last_name").inputValue(), "Mine");
    await shot("clash");
    await page.locator(".form button[type=submit]").click();
    await page.locator(".toast", { hasText: "Saved" }).first().waitFor();
    await eventually(async () => (await inCrm(stage, one.id)).lastName === "Mine", "the decision reached the CRM");
    await close(page);
  }],
  ["a wrong value is refused with the field's name", async ({ stage, page }) => {
    const one = await someone(stage, 12);
    await openRecord(page, one.email);
    await page.locator(".edit summary").click();
    await field(page, "email").fill("not an address");
    await page.locator(".form button[type=submit]").click();
    await eventually(async () => /email/.test(await text(page, ".form-message")), "a message that names email");
    await close(page);
  }],
  ["a new record is created everywhere", async ({ stage, page }) => {
    await page.fill("#search", "");
    await page.click("#create");
    await field(page, "first_name").fill("Newcomer");
    await field(page, "email").fill("newcomer@example.com");
    await field(page, "tags").fill("alpha, beta");
    await page.locator(".form button[type=submit]").click();
    await page.locator(".record-id").waitFor();
    await eventually(async () => (await page.locator(".holding .badge[data-status=synced]").count()) === 2, "synced with both systems");
    const found = await stage.control("GET", "contacts?query=newcomer");
    assert.equal(found.contacts.length, 1);
    assert.deepEqual([...found.contacts[0].tags].sort(), ["alpha", "beta"]);
    await close(page);
  }],
  ["a delete asks twice and goes everywhere", async ({ stage, page }) => {
    await openRecord(page, "newcomer@example.com");
    await page.locator(".edit summary").click();
    await page.locator("button.danger").click();
    await page.locator("button.danger", { hasText: "Really" }).click();
    await page.locator(".toast", { hasText: "Deleted" }).waitFor();
    await eventually(async () => (await stage.control("GET", "contacts?query=newcomer")).contacts.length === 0, "gone from the CRM");
    await page.fill("#search", "");
    await eventually(async () => (await rowOf(page, "Newcomer").count()) === 0, "gone from the list");
  }],
  ["a job is started and reported", async ({ stage, page }) => {
    await page.locator("#system-crm button", { hasText: "Read all" }).click();
    await page.locator(".toast", { hasText: "Reading all of crm" }).waitFor();
    await eventually(async () => (await stage.api("GET", "/sources/main/jobs")).body.items.some((job) => job.kind === "mirror" && job.state === "done"), "the job ends");
  }],
  ["a refused write becomes a dead letter that can be tried again", async ({ stage, page, shot }) => {
    const one = await someone(stage, 20);
    const other = await someone(stage, 21);  // the CRM allows an e-mail only once
    await openRecord(page, one.email);
    await page.locator(".edit summary").click();
    await field(page, "email").fill(other.email);
    await page.locator(".form button[type=submit]").click();
    await page.locator(".holding[data-system=crm] .badge[data-status=failed]").waitFor({ timeout: 20_000 });
    await close(page);
    await page.click("#view-deadletters");
    await page.locator("#deadletters .card").first().waitFor();
    await shot("deadletters");
    await stage.control("PUT", `contacts/${other.id}`, { email: "moved@example.com" });
    await page.locator("#deadletters .each .card button", { hasText: "Retry" }).click();
    await eventually(async () => (await inCrm(stage, one.id)).email === other.email, "the retry went through");
    await page.locator("#deadletters .empty").waitFor();
    await page.click("#view-records");
  }],
  ["the keyboard is enough", async ({ page }) => {
    await page.locator("#view-records").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator("#view-deadletters").getAttribute("aria-selected"), "true");
    await page.keyboard.press("ArrowLeft");
    await page.fill("#search", "");
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "records");
    await page.locator("#records-body tr button").first().focus();
    await page.keyboard.press("Enter");
    await page.locator("#detail[open]").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#detail[open]").count(), 0);
  }],
];
