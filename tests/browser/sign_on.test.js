// Signing on from the app and from the launcher, with scripts and without.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { POST, World, session, signIn } from "./support/world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";

  for (const binding of ["redirect", "post"]) {
    // Proves AV-RSP-22: without scripts there is a button, and no address holds a message.
    test(`from the app by ${binding}, ${how}`, async () => {
      const page = await world.page({ javaScriptEnabled });
      await page.goto(world.sp.base);
      await page.getByRole("link", { name: binding === "post" ? "Sign in by POST" : "Sign in", exact: true }).click();
      if (binding === "post" && !javaScriptEnabled) await page.locator("input[type=submit]").click();
      await page.waitForURL(`${world.idp}/login?**`);
      await signIn(page, "sample.one");
      if (!javaScriptEnabled) {
        assert.equal(await page.locator("input[name=SAMLResponse]").count(), 1);
        assert.doesNotMatch(page.url(), /SAMLResponse|RelayState/);
        await page.locator("#content button").click();
      }
      await page.waitForURL(`${world.sp.base}/session`);
      const known = await session(page, world.sp);
      assert.equal(known.signedIn, true);
      assert.deepEqual(known.attributes.mail, ["sample.one@example.org"]);
      await page.checked();
    });
  }

  test(`from the launcher, ${how}`, async () => {
    const page = await world.page({ javaScriptEnabled });
    await page.goto(world.idp);
    await signIn(page, "sample.one");
    await page.getByRole("button", { name: "Sample Wiki" }).click();
    if (!javaScriptEnabled) await page.locator("#content button").click();
    await page.waitForURL(`${world.sp.base}/session`);
    assert.equal((await session(page, world.sp)).signedIn, true);
    await page.checked();
  });
}

test("a wrong password says so and keeps the sign-on", async () => {
  const page = await world.page();
  await page.goto(`${world.sp.base}/login`);
  await signIn(page, "sample.one", "not the password");
  await page.getByRole("alert").waitFor();
  assert.equal(await page.locator("input[name=username]").inputValue(), "sample.one");
  assert.equal((await session(page, world.sp)).signedIn, false);
  await signIn(page, "sample.one");
  await page.waitForURL(`${world.sp.base}/session`);
  assert.equal((await session(page, world.sp)).signedIn, true);
  await page.checked();
});

// AV-BND-14: the app on localhost posts to Avouch on 127.0.0.1, which is another site.
test("av_bnd_14 a form posted from another site finds the session", async () => {
  const page = await world.page();
  await page.goto(world.idp);
  await signIn(page, "sample.one");
  await page.getByRole("button", { name: "Sample Wiki" }).waitFor();
  const cookies = await page.context().cookies(world.idp);
  const sessionCookie = cookies.find((cookie) => cookie.name.endsWith("avouch"));
  assert.equal(sessionCookie.sameSite, "Lax");
  assert.equal(sessionCookie.httpOnly, true);

  const carried = new Map();
  page.on("request", (request) => {
    if (request.isNavigationRequest()) carried.set(`${request.method()} ${new URL(request.url()).pathname}`, request);
  });
  await page.goto(`${world.sp.base}/login?binding=${encodeURIComponent(POST)}`);
  await page.waitForURL(`${world.sp.base}/session`);
  assert.equal((await session(page, world.sp)).signedIn, true);

  // The browser really left the cookie out of the post, so it was found on a request of our own.
  const held = async (request) => ((await request.allHeaders()).cookie ?? "").includes(sessionCookie.value);
  assert.equal(await held(carried.get("POST /saml/sso")), false);
  const ours = [...carried].filter(([place]) => place.startsWith("GET /continue"));
  assert.ok((await Promise.all(ours.map(([, request]) => held(request)))).includes(true));
  await page.checked();
});

test("an app that asks for consent: declined once, then accepted and remembered", async () => {
  const asking = await world.startApp("asking");
  world.avouch("app", "edit", world.addApp(asking, "Sample Calendar"), "ask_consent=true");
  const page = await world.page();
  await page.goto(`${asking.base}/login`);
  await signIn(page, "sample.one");
  // What will be released is shown, value by value.
  await page.getByText("sample.one@example.org").waitFor();
  await page.locator("button[value=decline]").click();
  await page.waitForURL(`${asking.base}/acs`);
  assert.match(await page.locator("body").innerText(), /status:RequestDenied/);
  await page.goto(`${asking.base}/login`);
  await page.locator("button[value=accept]").click();
  await page.waitForURL(`${asking.base}/session`);
  assert.equal((await session(page, asking)).signedIn, true);
  await page.goto(`${asking.base}/login?relaystate=again`);
  await page.waitForURL(`${asking.base}/session`);
  assert.equal((await session(page, asking)).relayState, "again");
});

test("an app with a logo elsewhere: no page sends the browser there", async () => {
  const app = await world.startApp("logo");
  const logo = "<Extensions><ui:UIInfo xmlns:ui=\"urn:oasis:names:tc:SAML:metadata:ui\">" +
    "<ui:Logo width=\"64\" height=\"64\">https://logo.example.net/logo.png</ui:Logo></ui:UIInfo></Extensions>";
  const metadata = fs.readFileSync(app.metadata, "utf8").replace(/<SPSSODescriptor[^>]*>/, `$&${logo}`);
  assert.ok(metadata.includes(logo));
  fs.writeFileSync(app.metadata, metadata);
  const name = world.addApp(app, "Sample Pictures");
  world.avouch("app", "edit", name, "ask_consent=true");
  assert.match(world.avouch("app", "show", name), /logo_url = https:\/\/logo\.example\.net/);

  const page = await world.page();
  const asked = [];
  page.context().on("request", (request) => asked.push(request.url()));
  await page.goto(`${app.base}/login`);
  await signIn(page, "sample.one");
  await page.locator("button[value=accept]").waitFor();
  await page.goto(world.idp);
  await page.getByRole("button", { name: "Sample Pictures" }).waitFor();
  await page.goto(`${world.idp}/logout`);
  await page.getByRole("button", { name: "Sign out" }).last().click();
  await page.goto(`${world.idp}/admin/apps/${name}`);
  await signIn(page, "sample.admin");
  await page.getByText("people's browsers are not sent to another site").waitFor();
  assert.deepEqual(asked.filter((url) => url.includes("logo.example.net")), []);
  await page.context().close();
});

// The Responses that passed are judged by the schemas and by xmlsec1 when the world stops.
test("the responses were kept for the checks", () => {
  assert.ok(world.responses.length >= 8, `${world.responses.length} kept`);
});
