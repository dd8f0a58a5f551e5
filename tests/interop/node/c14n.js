// Canonicalises the root of each document in a folder by xml-crypto: `node c14n.js FOLDER` prints a
// JSON object from names to octets.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { DOMParser } = require("@xmldom/xmldom");
const { ExclusiveCanonicalization } = require("xml-crypto");

const folder = process.argv[2];
const found = {};
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".xml"))) {
  const name = file.slice(0, -".xml".length);
  const list = path.join(folder, `${name}.prefixes`);
  const inclusiveNamespacesPrefixList = fs.existsSync(list) ? fs.readFileSync(list, "utf8").split(" ") : [];
  const document = new DOMParser().parseFromString(fs.readFileSync(path.join(folder, file), "utf8"), "text/xml");
  found[name] = new ExclusiveCanonicalization().process(document.documentElement, { inclusiveNamespacesPrefixList });
}
console.log(JSON.stringify(found));
