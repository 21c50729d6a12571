// Who may: the page asks for a key, keeps it for the tab only, and says kindly what the key does not allow.
import assert from "node:assert/strict";
import { eventually, ownerKey, viewerKey } from "./stage.mjs";

const enter = async (page, key) => {
  await page.locator("#ask-key[open]").waitFor();
  await page.fill("#ask-key-input", key);
  await page.locator("#ask-key button[type=submit]").click();
};

export const accessChecks = [
  ["the server sends the strict policy", async ({ stage }) => {
    const response = await fetch(stage.url);
    const policy = response.headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }],
  ["without a key the page asks and shows nothing", async ({ stage, page, shot }) => {
    await page.goto(stage.url);
    await page.locator("#ask-key[open]").waitFor();
    assert.equal(await page.locator("#records-body tr").count(), 0);
    await shot("ask-key");
  }],
  ["a wrong key is asked for again", async ({ page }) => {
    await enter(page, "wrong-key");
    await page.locator("#ask-key-why", { hasText: "did not accept" }).waitFor();
  }],
  ["a viewer's key shows records and the live stream", async ({ page }) => {
    await enter(page, viewerKey);
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "records");
    await page.locator("#live[data-state=live]").waitFor();
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.equal(await page.evaluate((key) => Object.values(sessionStorage).includes(key), viewerKey), true);
  }],
  ["a viewer can not edit, and is told so", async ({ page }) => {
    await page.locator("#records-body tr button").first().click();
    await page.locator(".edit summary").click();
    await page.locator(".form-row[data-field=first_name] input").fill("Never");
    await page.locator(".form button[type=submit]").click();
    await eventually(async () => /does not allow/.test(await page.locator(".form-message").innerText()), "the reason");
    await page.keyboard.press("Escape");
  }],
  ["the key can be changed", async ({ page }) => {
    await page.click("#key");
    await enter(page, ownerKey);
    await eventually(async () => (await page.locator("#records-body tr").count()) === 50, "records");
    await page.locator("#system-crm button", { hasText: "Pull" }).click();
    await page.locator(".toast", { hasText: "Pulling from crm" }).waitFor();
  }],
  ["the key stands in no address and no markup", async ({ page }) => {
    assert.doesNotMatch(page.url(), /key/);
    assert.equal((await page.content()).includes(ownerKey), false);
  }],
];
