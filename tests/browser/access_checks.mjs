// Who may: the page asks for a key, keeps it for the tab only, and says kindly what the key does not allow.
import assert from "node:assert/strict";
import { eventually, ownerKey, viewerKey } from "./stage.mjs";

const enter = async (page, key) => {
  await page.locator("dialog.ask[open]").waitFor();
  if (await page.locator("#sign-in[open]").count()) await page.click("#use-key");
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
    await page.locator("#sign-in[open]").waitFor();
    assert.equal(await page.locator("#records-body tr").count(), 0);
    await shot("sign-in");
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
    await eventually(async () => /does not allow/.test(await page.locator("#detail .form-message").innerText()), "the reason");
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

const account = "ada@example.com";
const password = "correct horse battery";

const signIn = async (page, name, secret) => {
  await page.locator("#sign-in[open]").waitFor();
  await page.fill("#sign-in-account", name);
  await page.fill("#sign-in-password", secret);
  await page.click("#sign-in-submit");
};
const shown = (page) => eventually(async () => (await page.locator("#records-body tr").count()) === 50, "records");

export const accountChecks = [
  ["a wrong password is said to be one", async ({ stage, page, shot }) => {
    const made = await stage.api("PUT", `/sources/main/people/${account}`, { role: "editor", password });
    assert.equal(made.status, 200);
    await page.goto(stage.url);
    await signIn(page, account, "not the password");
    await page.locator("#sign-in-message", { hasText: "do not belong together" }).waitFor();
    await shot("sign-in-refused");
  }],
  ["an account signs in, and no script sees its session", async ({ page }) => {
    await signIn(page, account, password);
    await shown(page);
    await page.locator("#live[data-state=live]").waitFor();
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.secure], ["lockstep_session", true, "Strict", false]);
    assert.equal(await page.evaluate(() => document.cookie + sessionStorage.length + localStorage.length), "00");
  }],
  ["it stays signed in, and edits as its role allows", async ({ page }) => {
    await page.reload();
    await shown(page);
    await page.locator("#records-body tr button").first().click();
    await page.locator(".edit summary").click();
    await page.locator(".form-row[data-field=first_name] input").fill("By Ada");
    await page.locator(".form button[type=submit]").click();
    await eventually(async () => (await page.locator("#records-body").innerText()).includes("By Ada"), "the edit");
    await page.keyboard.press("Escape");
  }],
  ["a page of another site can not use the session", async ({ stage, page }) => {
    const [cookie] = await page.context().cookies();
    const send = (headers) => fetch(`${stage.url}/api/v1/session`, { headers: { Cookie: `lockstep_session=${cookie.value}`, ...headers } });
    assert.equal((await send({})).status, 200);
    assert.equal((await send({ Origin: "https://evil.example" })).status, 401);
    assert.equal((await send({ Origin: stage.url })).status, 200);
  }],
  ["signing out ends the session at the server, too", async ({ stage, page }) => {
    const [cookie] = await page.context().cookies();
    await page.locator("#key", { hasText: "Sign out" }).click();
    await page.locator("#sign-in[open]").waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    const again = await fetch(`${stage.url}/api/v1/session`, { headers: { Cookie: `lockstep_session=${cookie.value}` } });
    assert.equal(again.status, 401);
  }],
  ["a right that is taken away empties the page", async ({ stage, page }) => {
    await signIn(page, account, password);
    await shown(page);
    await stage.api("DELETE", `/sources/main/people/${account}`);
    await page.reload();
    await page.locator("#notice", { hasText: "no source" }).waitFor();
  }],
  ["who has a business and no role is told that this page is not for it", async ({ stage, page }) => {
    const granted = await stage.api("PUT", `/sources/main/people/${account}`, { role: "business", business: "cafe-7" });
    assert.equal(granted.status, 200);
    await page.reload();
    await page.locator("#notice", { hasText: "You have a business here and no role" }).waitFor();
    assert.equal(await page.locator("#records-body tr").count(), 0);
  }],
];

export const setupChecks = [
  ["a new server beyond this machine lets nobody in", async ({ stage, page }) => {
    assert.equal((await fetch(`${stage.url}/api/v1/sources`)).status, 401);
    await page.goto(stage.url);
    await page.locator("#sign-in[open]").waitFor();
  }],
  ["the link makes the first account, once", async ({ stage, page, shot }) => {
    const [, setup] = await stage.server.line(/#setup=([0-9a-f]+)/);
    await page.goto("about:blank");
    await page.goto(`${stage.url}/#setup=${setup}`);
    await page.locator("#sign-in-title", { hasText: "first account" }).waitFor();
    await shot("first-account");
    await signIn(page, "boss@example.com", "short");
    await page.locator("#sign-in-message", { hasText: "12 characters" }).waitFor();
    await signIn(page, "boss@example.com", "first of them all");
    await shown(page);
    assert.doesNotMatch(page.url(), /setup/);
    const again = await fetch(`${stage.url}/api/v1/setup`, { method: "POST", body: JSON.stringify({ setup, account: "eve", password: "a second first one" }) });
    assert.equal(again.status, 401);
    assert.equal((await page.evaluate(async () => (await fetch("/api/v1/accounts")).status)), 200);
  }],
];
