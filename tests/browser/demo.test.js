// What `make demo` starts: somebody signs in to the sample app of `examples/sp.rs` from the app and
// from the launcher, with scripts and without, and Ctrl-C leaves nothing running.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./support/world.js";

let world;
before(async () => {
  world = await World.start({ demo: true });
});
after(() => world?.stop());

/** What the sample app shows of whoever is signed in. */
async function facts(page) {
  await page.waitForURL(`${world.sp.base}/`);
  assert.equal(await page.locator("#state").innerText(), "You are signed in.");
  const cells = await page.locator("#facts td").all();
  return Object.fromEntries(
    await Promise.all(cells.map(async (cell) => [await cell.getAttribute("data-fact"), await cell.innerText()])),
  );
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";

  for (const way of ["redirect", "post"]) {
    test(`from the sample app by ${way}, ${how}`, async () => {
      const page = await world.page({ javaScriptEnabled });
      await page.goto(`${world.sp.base}/`);
      await page.locator(`#${way}`).click();
      if (way === "post" && !javaScriptEnabled) await page.getByRole("button", { name: "Continue" }).click();
      await page.waitForURL(`${world.idp}/login?**`);
      await page.locator(".samples button").first().click();
      if (!javaScriptEnabled) await page.locator("#content button").click();
      const known = await facts(page);
      assert.equal(known["Started by"], "this app");
      assert.equal(known.Encrypted, "yes");
      assert.equal(known.Issuer, `${world.idp}/saml/metadata`);
      assert.match(await page.locator("#attributes").innerText(), /sample\.one@/);
      await page.checked();
    });
  }

  test(`from the launcher, ${how}`, async () => {
    const page = await world.page({ javaScriptEnabled });
    await page.goto(world.idp);
    await page.locator(".samples button").first().click();
    await page.getByRole("button", { name: "Sample app" }).click();
    if (!javaScriptEnabled) await page.locator("#content button").click();
    assert.equal((await facts(page))["Started by"], "the identity provider");
    await page.checked();
  });
}

test("the page to watch is where the demo says", async () => {
  const said = world.server.printed();
  for (const address of [`${world.sp.base}/`, `${world.idp}/dev`, `${world.idp}/admin`]) {
    assert.ok(said.includes(address), `${address} in:\n${said}`);
  }
  const page = await world.page();
  await page.goto(`${world.idp}/dev`);
  // Every sign-on of the tests above, in the newest exchanges.
  await page.getByText(`${world.sp.base}/metadata`).first().waitFor();
  assert.ok((await page.locator(".exchange").count()) >= 6);
  await page.checked();
});

test("the responses were kept for the checks", () => {
  assert.ok(world.responses.length >= 6, `${world.responses.length} kept`);
});

// The last: Ctrl-C reaches the script alone here, so it has to end what it started.
test("Ctrl-C ends both servers", async () => {
  await world.server.interrupt();
  for (const base of [`http://127.0.0.1:${new URL(world.idp).port}`, world.sp.base]) {
    await assert.rejects(fetch(base), /fetch failed/, `${base} still answers`);
  }
});
