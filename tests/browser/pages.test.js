// Every page in every state that it has a sample of, as `avouch render-pages` writes them: in a narrow
// and a wide window, light and dark, nothing sticks out and axe-core finds no barrier. The pictures
// are in target/screenshots/pages.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { looksRight } from "./support/looks.js";
import { run } from "./support/process.js";
import { binary, launchBrowser, picture } from "./support/world.js";

let folder;
let names;
let browser;
before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "avouch-pages-"));
  names = JSON.parse(run(binary, ["render-pages", folder, "--json"])).pages;
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  if (folder) fs.rmSync(folder, { recursive: true, force: true });
});

test("every file that was written is looked at", () => {
  const files = fs.readdirSync(folder).filter((file) => file.endsWith(".html"));
  assert.deepEqual([...names].sort(), files.map((file) => file.slice(0, -".html".length)).sort());
  assert.ok(names.length >= 40, `${names.length} pages`);
});

for (const [size, width, height] of [["narrow", 320, 640], ["wide", 1280, 800]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`every sample, ${size}, ${colorScheme}`, async () => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme });
      // A form that sends itself stays where it is, and nothing is fetched.
      await context.route(/^https?:/, (route) => route.fulfill({ status: 204 }));
      const page = await context.newPage();
      const wrong = [];
      for (const name of names) {
        await page.goto(String(pathToFileURL(path.join(folder, `${name}.html`))));
        // All are looked at before any fails, so that one run tells everything.
        await looksRight({ picture }, page, `pages/${name}-${size}-${colorScheme}`)
          .catch((error) => wrong.push(error.message));
      }
      assert.deepEqual(wrong, []);
      await context.close();
    });
  }
}
