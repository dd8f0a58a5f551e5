// People do not walk straight: back button, two tabs, bookmarks, reloads, somebody else's link.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World, session, signIn } from "./support/world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

/** Starts a sign-on whose RelayState tells which one it was. */
async function start(page, mark) {
  await page.goto(`${world.sp.base}/login?relaystate=${encodeURIComponent(mark)}`);
}

/** Wherever the page is now, the app is one click away at most. */
async function reachesApp(page, mark) {
  if (!page.url().startsWith(world.sp.base)) {
    const once = page.locator("#content .primary").first();
    if (await once.count()) await once.click();
  }
  if (page.url().startsWith(`${world.idp}/login`)) await signIn(page, "sample.one");
  await page.waitForURL(`${world.sp.base}/session`);
  const known = await session(page, world.sp);
  assert.equal(known.signedIn, true);
  assert.equal(known.relayState, mark, "the RelayState was kept");
}

test("back to the app before signing in, and forward again", async () => {
  const page = await world.page();
  await page.goto(world.sp.base);
  await start(page, "forward");
  await page.goBack();
  assert.ok(page.url().startsWith(world.sp.base));
  await page.goForward();
  await signIn(page, "sample.one");
  await reachesApp(page, "forward");
  await page.checked();
});

test("back into Avouch after signing in", async () => {
  const page = await world.page({ javaScriptEnabled: false });
  await start(page, "back");
  const login = page.url();
  await signIn(page, "sample.one");
  await page.locator("#content button").click();
  await page.waitForURL(`${world.sp.base}/session`);
  // To the page that posted the response, and to the login page before it.
  for (const place of [() => page.goBack(), () => page.goto(login)]) {
    await place();
    assert.ok(page.url().startsWith(world.idp));
    await page.locator("#content .primary, #content a").first().click();
    for (let step = 0; step < 3 && !page.url().startsWith(world.sp.base); step += 1) {
      const form = page.locator("input[name=password]:visible");
      if (await form.count()) await signIn(page, "sample.one");
      else await page.locator("#content .primary").first().click();
    }
    await page.waitForURL((url) => url.origin === world.sp.base);
    assert.equal((await session(page, world.sp)).signedIn, true);
  }
  await page.checked();
});

test("two tabs finish in the other order, each with its own RelayState", async () => {
  const first = await world.page();
  const second = await first.context().newPage();
  await start(first, "first tab");
  await start(second, "second tab");
  await signIn(second, "sample.one");
  await reachesApp(second, "second tab");
  // The first tab still shows its login form; sending it goes on with its own sign-on.
  await signIn(first, "sample.one");
  await reachesApp(first, "first tab");
  await first.checked();
});

test("the login page is sent twice", async () => {
  const page = await world.page();
  await start(page, "twice");
  await page.reload();
  await page.locator("input[name=username]:visible").fill("sample.one");
  await page.locator("input[name=password]:visible").fill("correct horse battery staple");
  await page.locator("input[name=password]:visible").press("Enter");
  await page.waitForURL(`${world.sp.base}/session`);
  await reachesApp(page, "twice");
  await page.checked();
});

test("a bookmarked login page in a fresh browser starts again", async () => {
  const page = await world.page();
  await start(page, "bookmark");
  const bookmark = page.url();
  const other = await world.page();
  await other.goto(bookmark);
  assert.ok(other.url().startsWith(world.idp));
  // Somebody else's sign-on is not finished here: no session of the app without a fresh start.
  await other.locator("#content .primary, #content a.button, #content a").first().click();
  for (let step = 0; step < 3 && !other.url().startsWith(world.sp.base); step += 1) {
    const form = other.locator("input[name=password]:visible");
    if (await form.count()) await signIn(other, "sample.one");
    else break;
  }
  const place = new URL(other.url());
  assert.ok([world.idp, world.sp.base].includes(place.origin));
  assert.equal((await other.locator("h1").count()) > 0 || place.origin === world.sp.base, true);
  // The browser that began is not disturbed.
  await signIn(page, "sample.one");
  await reachesApp(page, "bookmark");
  await other.checked();
  await page.checked();
});
