// `avouch dev`: an app is connected by its metadata URL, a sample user signs in by one click, and the
// page of exchanges shows what passed and why something failed, by itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { looksRight } from "./support/looks.js";
import { World, session } from "./support/world.js";

let world;
before(async () => {
  world = await World.start({ developer: true });
});
after(() => world?.stop());

/** The page of exchanges, once the app was asked for its metadata and is connected. */
async function connected(page) {
  const deadline = Date.now() + 60_000;
  do {
    await page.goto(`${world.idp}/dev`);
    if (await page.getByText(world.sp.entityId).count()) return;
    await pause(100);
  } while (Date.now() < deadline);
  assert.fail("the app was not connected");
}

test("one click signs a sample user in", async () => {
  const page = await world.page();
  await connected(page);
  await page.goto(`${world.sp.base}/login`);
  await page.locator(".samples button").first().click();
  await page.waitForURL(`${world.sp.base}/session`);
  assert.equal((await session(page, world.sp)).signedIn, true);
  await page.checked();
});

test("the page of exchanges follows by itself and says why a request failed", async () => {
  const watching = await world.page();
  await connected(watching);
  const before = await watching.locator(".exchange").count();
  const page = await world.page();
  await page.goto(`${world.sp.base}/login?passive=1`);
  await page.waitForURL(`${world.sp.base}/acs`);
  const newest = watching.locator(".exchange").first();
  await newest.getByText("NoPassive").first().waitFor();
  assert.equal(await watching.locator(".exchange").count(), before + 1);
  assert.match(await newest.innerText(), /IsPassive/);
  await watching.checked();
  await page.checked();
});

for (const [size, width] of [["narrow", 320], ["wide", 1280]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`its pages, ${size}, ${colorScheme}`, async () => {
      const page = await world.page({ viewport: { width, height: 800 }, colorScheme });
      await connected(page);
      await looksRight(world, page, `dev-${size}-${colorScheme}`);
      await page.goto(`${world.sp.base}/login`);
      await looksRight(world, page, `dev-login-${size}-${colorScheme}`);
      await page.checked();
    });
  }
}
