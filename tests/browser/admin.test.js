// An administrator connects an app by uploading its metadata, and a user then signs in to it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { looksRight } from "./support/looks.js";
import { World, session, signIn } from "./support/world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

test("metadata is uploaded, previewed, saved, opened to users, and works", async () => {
  const sp = await world.startApp("uploaded");
  const page = await world.page();
  await page.goto(`${world.idp}/admin/apps/new`);
  await signIn(page, "sample.admin");
  await page.waitForURL(`${world.idp}/admin/apps/new`);
  await page.locator("input[type=file]").setInputFiles(sp.metadata);
  await page.locator("form:has(input[type=file]) button").click();
  await page.getByText(sp.entityId).first().waitFor();
  await page.getByLabel("Name", { exact: true }).fill("Uploaded Library");
  await world.picture(page, "admin-preview");
  await page.locator(".save-bar .primary").click();
  await page.getByRole("heading", { level: 1, name: "Uploaded Library" }).waitFor();

  // Nobody may use a new app until somebody says so.
  const user = await world.page();
  await user.goto(`${sp.base}/login`);
  await signIn(user, "sample.one");
  // The user reads why, with a reference code, and takes the answer to the app by one click.
  await user.getByRole("alert").waitFor();
  assert.match(await user.locator("code.code").innerText(), /^[A-Z0-9-]{6,}$/);
  await world.picture(user, "error-access-denied");
  await user.getByRole("button", { name: "Return to Uploaded Library" }).click();
  await user.waitForURL(`${sp.base}/acs`);
  assert.match(await user.locator("body").innerText(), /status:RequestDenied/);
  assert.equal((await session(user, sp)).signedIn, false);
  // A passive request shows nobody anything, so its answer goes to the app at once.
  await user.goto(`${sp.base}/login?passive=1`);
  await user.waitForURL(`${sp.base}/acs`);
  assert.match(await user.locator("body").innerText(), /status:RequestDenied/);

  await page.locator("input[name=permitted_users][value=self_authorize]").check();
  const consent = page.locator("input[name=ask_consent][type=checkbox]");
  if (await consent.isChecked()) await consent.uncheck();
  await page.locator("button[name=do][value=save]:visible").first().click();
  await page.waitForLoadState();
  await user.goto(`${sp.base}/login`);
  await user.waitForURL(`${sp.base}/session`);
  assert.equal((await session(user, sp)).signedIn, true);
});

for (const [size, width] of [["narrow", 320], ["wide", 1280]]) {
  test(`two tabs at one app: what each did is kept, by keyboard, ${size}`, async () => {
    const page = await world.page({ viewport: { width, height: 800 } });
    const url = `${world.idp}/admin/apps/${world.app}`;
    await page.goto(url);
    await signIn(page, "sample.admin");
    await page.waitForURL(url);
    const other = await page.context().newPage();
    await other.goto(url);
    const settings = () => JSON.parse(world.avouch("app", "show", world.app, "--json")).settings;
    const save = (tab) => tab.locator(".save-bar button[name=do][value=save]").click();
    await other.locator("input[name=order]").fill(size === "wide" ? "7" : "8");
    await other.locator("input[name=contact]").fill(`theirs-${size}@example.org`);
    await save(other);
    await other.getByRole("status").waitFor();

    await page.locator("textarea[name=description]").fill(`Typed in a ${size} window.`);
    await page.locator("input[name=contact]").fill(`mine-${size}@example.org`);
    await save(page);
    await page.getByRole("heading", { level: 1, name: "Somebody else saved meanwhile" }).waitFor();
    await looksRight(world, page, `admin-conflict-${size}`);
    const chosen = (key, word) => page.locator(`input[name=keep-${key}][value=${word}]`);
    assert.ok(await chosen("order", "theirs").isChecked());
    assert.ok(await chosen("description", "mine").isChecked());
    const focused = (locator) => locator.evaluate((element) => element === document.activeElement);
    for (let presses = 0; !(await focused(chosen("contact", "theirs"))); presses += 1) {
      assert.ok(presses < 40, "Tab does not reach the choice");
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("ArrowDown");
    assert.ok(await chosen("contact", "mine").isChecked());
    await page.keyboard.press("Enter");
    await page.waitForURL(`${url}?saved`);
    const { order, contact, description } = settings();
    assert.equal(order, size === "wide" ? 7 : 8);
    assert.equal(contact, `mine-${size}@example.org`);
    assert.equal(description, `Typed in a ${size} window.`);
  });
}

test("a file that is not metadata is refused with the reason, and nothing is stored", async () => {
  const page = await world.page();
  const file = path.join(world.folder, "not-metadata.xml");
  fs.writeFileSync(file, "<html><body>not metadata</body></html>");
  await page.goto(`${world.idp}/admin/apps/new`);
  await signIn(page, "sample.admin");
  const count = () => JSON.parse(world.avouch("app", "list", "--json")).length;
  const before = count();
  await page.locator("input[type=file]").setInputFiles(file);
  await page.locator("form:has(input[type=file]) button").click();
  await page.locator("[role=alert], .wrong").first().waitFor();
  assert.equal(await page.locator(".save-bar").count(), 0);
  assert.equal(count(), before);
});

test("a user without rights sees no admin page", async () => {
  const page = await world.page();
  await page.goto(`${world.idp}/admin/apps`);
  await signIn(page, "sample.one");
  await page.waitForLoadState();
  assert.equal(await page.getByText(world.sp.entityId).count(), 0);
  const answer = await page.goto(`${world.idp}/admin/apps`);
  assert.equal(answer.status(), 403);
});
