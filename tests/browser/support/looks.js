// What every page must hold in every window.
import assert from "node:assert/strict";
import axe from "axe-core";

/** Nothing sticks out, and axe-core finds no barrier. Keeps a picture. */
export async function looksRight(world, page, name) {
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
