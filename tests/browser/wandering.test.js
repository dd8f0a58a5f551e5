// People do not walk straight: back button, two tabs, bookmarks, reloads, somebody else's link.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PASSWORD, World, session, signIn } from "./support/world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

// node-saml writes a space as `%20` where it signs and as `+` where it sends (see
// tests/interop/README.md), so the marks have none.

/** Starts a sign-on whose RelayState tells which one it was. */
async function start(page, mark) {
  await page.goto(`${world.sp.base}/login?relaystate=${encodeURIComponent(mark)}`);
}

/** The page arrives at the app, which gets this RelayState back. */
async function reachesApp(page, mark) {
  await page.waitForURL(`${world.sp.base}/session`);
  const known = await session(page, world.sp);
  assert.equal(known.signedIn, true);
  assert.equal(known.relayState, mark, "the RelayState was kept");
}

/** The page of Avouch shown now leads to the app by one click, and by a login if there must be. */
async function oneClickToApp(page, mark) {
  assert.ok(page.url().startsWith(world.idp), page.url());
  await page.context().clearCookies({ name: "node_session" });
  assert.equal((await session(page, world.sp)).signedIn, false);
  await page.locator("#content .primary").first().click();
  await reachesApp(page, mark);
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

test("back into Avouch after signing in, and the login page's address again", async () => {
  const page = await world.page();
  await start(page, "kept&told=ü");
  const login = page.url();
  await signIn(page, "sample.one");
  await reachesApp(page, "kept&told=ü");
  await page.goto(login);
  await oneClickToApp(page, "kept&told=ü");
  await page.checked();
});

test("back to the page that posted the response", async () => {
  const page = await world.page({ javaScriptEnabled: false });
  await start(page, "posted");
  await signIn(page, "sample.one");
  await page.locator("#content button").click();
  await reachesApp(page, "posted");
  await page.goBack();
  assert.ok(page.url().startsWith(world.idp));
  // Either the response again, which the app judges, or a page that starts again: never a dead end.
  await page.locator("#content .primary").first().click();
  if (page.url().startsWith(world.idp)) await page.locator("#content .primary").first().click();
  await page.waitForURL((url) => url.origin === world.sp.base);
  await page.checked();
});

// Proves AV-REQ-30.
test("two tabs finish in the other order, each with its own RelayState", async () => {
  const first = await world.page();
  const second = await first.context().newPage();
  await start(first, "first-tab");
  await start(second, "second-tab");
  await signIn(second, "sample.one");
  await reachesApp(second, "second-tab");
  // The first tab still shows its login form; sending it goes on with its own sign-on.
  await signIn(first, "sample.one");
  await reachesApp(first, "first-tab");
  await first.checked();
});

test("a reloaded login page, sent by Enter", async () => {
  const page = await world.page();
  await start(page, "reloaded");
  await page.reload();
  await page.locator("input[name=username]:visible").fill("sample.one");
  await page.locator("input[name=password]:visible").fill(PASSWORD);
  await page.locator("input[name=password]:visible").press("Enter");
  await reachesApp(page, "reloaded");
  await page.checked();
});

test("the login form is sent twice by a double click", async () => {
  const page = await world.page({ javaScriptEnabled: false });
  await start(page, "double");
  await page.locator("input[name=username]").fill("sample.one");
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("form:has(input[name=password]) button").dblclick();
  await page.locator("#content .primary").waitFor();
  // The second answer is what is shown: the response, or the page that starts again.
  await page.locator("#content .primary").first().click();
  if (page.url().startsWith(world.idp)) await page.locator("#content .primary").first().click();
  await reachesApp(page, "double");
  await page.checked();
});

// Proves AV-REQ-31.
test("a bookmarked login page in another browser starts again", async () => {
  const page = await world.page();
  await start(page, "bookmark");
  const other = await world.page();
  await other.goto(page.url());
  // Somebody else's sign-on is not finished here: it starts afresh, by one click.
  assert.equal(await other.locator("input[name=password]").count(), 0);
  await other.locator("#content .primary").first().click();
  await signIn(other, "sample.admin");
  await other.waitForURL(`${world.sp.base}/session`);
  const there = await session(other, world.sp);
  assert.deepEqual(there.attributes.mail, ["sample.admin@example.org"]);
  assert.notEqual(there.relayState, "bookmark");
  // The browser that began is not disturbed.
  await signIn(page, "sample.one");
  await reachesApp(page, "bookmark");
  assert.deepEqual((await session(page, world.sp)).attributes.mail, ["sample.one@example.org"]);
  await other.checked();
  await page.checked();
});
