// Each page in a narrow and a wide window, light and dark: nothing sticks out, and axe-core finds
// no barrier. The pictures are in target/screenshots.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { looksRight } from "./support/looks.js";
import { World, session, signIn } from "./support/world.js";

let world;
before(async () => {
  world = await World.start();
  world.asking = await world.startApp("asking");
  world.avouch("app", "edit", world.addApp(world.asking, "Sample Calendar"), "ask_consent=true");
});
after(() => world?.stop());

for (const [size, width, height] of [["narrow", 320, 640], ["wide", 1280, 800]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`pages of users, ${size}, ${colorScheme}`, async () => {
      const page = await world.page({ viewport: { width, height }, colorScheme });
      const look = (name) => looksRight(world, page, `${name}-${size}-${colorScheme}`);
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
      await page.goto(`${world.asking.base}/login`);
      await page.getByRole("heading", { name: "Share this with Sample Calendar?" }).waitFor();
      await look("consent");
    });

    test(`pages of administrators, ${size}, ${colorScheme}`, async () => {
      const page = await world.page({ viewport: { width, height }, colorScheme });
      const look = (name) => looksRight(world, page, `${name}-${size}-${colorScheme}`);
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
  await tabTo('.tile:has-text("Sample Wiki")');
  await page.keyboard.press("Enter");
  await page.waitForURL(`${world.sp.base}/session`);
});
