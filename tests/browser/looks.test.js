// Each page in a narrow and a wide window, light and dark: nothing sticks out, and axe-core finds
// no barrier. The pictures are in target/screenshots.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { World, session, signIn } from "./support/world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

/** What every page must hold in this window. */
async function looksRight(page, name) {
  await world.picture(page, name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  );
  assert.deepEqual(
    violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`),
    [],
    name,
  );
}

for (const [size, width, height] of [["narrow", 320, 640], ["wide", 1280, 800]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`pages of users, ${size}, ${colorScheme}`, async () => {
      const page = await world.page({ viewport: { width, height }, colorScheme });
      const look = (name) => looksRight(page, `${name}-${size}-${colorScheme}`);
      await page.goto(`${world.sp.base}/login`);
      await look("login");
      await signIn(page, "sample.one", "not the password");
      await page.getByRole("alert").waitFor();
      await look("login-wrong");
      await page.goto(world.idp);
      if (page.url().includes("/login")) await signIn(page, "sample.one");
      await page.getByRole("button", { name: "Sample Wiki" }).waitFor();
      await look("launcher");
      await page.goto(`${world.idp}/saml/sso?SAMLRequest=not-a-request`);
      await look("error");
      await page.goto(`${world.idp}/error-help`);
      await look("error-help");
      await page.goto(`${world.idp}/logout`);
      await look("sign-out");
    });

    test(`pages of administrators, ${size}, ${colorScheme}`, async () => {
      const page = await world.page({ viewport: { width, height }, colorScheme });
      const look = (name) => looksRight(page, `${name}-${size}-${colorScheme}`);
      await page.goto(`${world.idp}/admin/apps`);
      await signIn(page, "sample.admin");
      await page.waitForURL(`${world.idp}/admin/apps`);
      await look("admin-apps");
      await page.goto(`${world.idp}/admin/apps/new`);
      await look("admin-new");
      await page.goto(`${world.idp}/admin/apps/${world.app}`);
      await look("admin-app");
      await page.goto(`${world.idp}/admin/events`);
      await look("admin-events");
    });

    test(`the posting page without scripts, ${size}, ${colorScheme}`, async () => {
      const page = await world.page({ viewport: { width, height }, colorScheme, javaScriptEnabled: false });
      await page.goto(`${world.sp.base}/login`);
      await signIn(page, "sample.one");
      await page.locator("input[name=SAMLResponse]").waitFor({ state: "attached" });
      await world.picture(page, `posting-${size}-${colorScheme}`);
      const box = await page.locator("#content button").boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width, "the button is inside the window");
    });
  }
}

test("signing in by keyboard alone", async () => {
  const page = await world.page();
  await page.goto(`${world.sp.base}/login`);
  /** Presses Tab until the named element has the focus. */
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 20; presses += 1) {
      if (await page.locator(selector).evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not reach ${selector}`);
  };
  await tabTo("input[name=username]");
  const outline = () =>
    page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      return style.outlineStyle !== "none" || style.boxShadow !== "none";
    });
  assert.ok(await outline(), "the focus can be seen");
  await page.keyboard.type("sample.one");
  await tabTo("input[name=password]");
  await page.keyboard.type("correct horse battery staple");
  await tabTo("form:has(input[name=password]) button");
  assert.ok(await outline(), "the focus can be seen");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${world.sp.base}/session`);
  assert.equal((await session(page, world.sp)).signedIn, true);

  await page.goto(world.idp);
  await tabTo(".tile");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${world.sp.base}/session`);
});
