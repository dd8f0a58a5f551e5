// A service provider on node-saml: `node server.js CONFIG.json`.
//
// GET /login?binding=&force=&passive=&nameid=&context=&relaystate= starts; POST /acs receives;
// GET /session prints what was learned; GET /metadata prints the metadata; GET / is a page with
// links for a person.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const { SAML, SamlStatusError, ValidateInResponseTo } = require("@node-saml/node-saml");

const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const given = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const key = fs.readFileSync(given.key, "utf8");
const certificate = fs.readFileSync(given.certificate, "utf8");
const idpMetadata = fs.readFileSync(given.idp_metadata, "utf8");
const wantsSigned = given.wants_signed ?? ["response", "assertion"];
const sessions = new Map();
// Requests in flight, shared by the SAML objects that are made for each set of options.
const inFlight = new Map();
const cacheProvider = {
  saveAsync: async (id, value) => {
    inFlight.set(id, value);
    return { value, createdAt: Date.now() };
  },
  getAsync: async (id) => inFlight.get(id) ?? null,
  removeAsync: async (id) => (inFlight.delete(id) ? id : null),
};

// node-saml reads no metadata, so an administrator copies two things from it by hand: where to
// send requests, and the signing certificates. This does that copying.
function ssoLocation(binding) {
  for (const [element] of idpMetadata.matchAll(/<(?:\w+:)?SingleSignOnService\b[^>]*>/g)) {
    if (element.includes(`"${binding}"`)) {
      return /\bLocation="([^"]*)"/.exec(element)[1].replaceAll("&amp;", "&");
    }
  }
  throw new Error(`the IdP offers no ${binding}`);
}

function signingCertificates() {
  const role = /<(?:\w+:)?IDPSSODescriptor[\s\S]*<\/(?:\w+:)?IDPSSODescriptor>/.exec(idpMetadata)[0];
  const found = [];
  for (const [, attributes, body] of role.matchAll(
    /<(?:\w+:)?KeyDescriptor\b([^>]*)>([\s\S]*?)<\/(?:\w+:)?KeyDescriptor>/g,
  )) {
    if (attributes.includes('use="encryption"')) continue;
    for (const [, text] of body.matchAll(/<(?:\w+:)?X509Certificate>([\s\S]*?)</g)) {
      found.push(text.replace(/\s+/g, ""));
    }
  }
  return found;
}

function saml(query) {
  const binding = query.get("binding") ?? "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
  const options = {
    issuer: given.entity_id,
    callbackUrl: `${given.base_url}/acs`,
    entryPoint: ssoLocation(binding),
    idpCert: signingCertificates(),
    idpIssuer: given.idp_entity_id,
    audience: given.entity_id,
    identifierFormat: query.get("nameid"),
    forceAuthn: query.has("force"),
    passive: query.has("passive"),
    disableRequestedAuthnContext: !query.has("context"),
    authnContext: query.has("context") ? [query.get("context")] : [],
    racComparison: "exact",
    wantAssertionsSigned: wantsSigned.includes("assertion"),
    wantAuthnResponseSigned: wantsSigned.includes("response"),
    acceptedClockSkewMs: 60_000,
    validateInResponseTo: ValidateInResponseTo.ifPresent,
    cacheProvider,
    // By default node-saml deflates what it posts, which HTTP-POST does not allow.
    skipRequestCompression: binding === POST,
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
  };
  if (given.sign_requests) Object.assign(options, { privateKey: key, publicCert: certificate });
  if (given.encrypt) options.decryptionPvk = key;
  return new SAML(options);
}

async function start(query, response) {
  const provider = saml(query);
  const relayState = query.get("relaystate") ?? "";
  if (query.get("binding") === POST) {
    const page = await provider.getAuthorizeFormAsync(relayState);
    return answer(response, 200, "text/html; charset=utf-8", page);
  }
  const location = await provider.getAuthorizeUrlAsync(relayState, undefined, {});
  response.writeHead(303, { Location: location }).end();
}

async function receive(form, response) {
  let profile;
  try {
    ({ profile } = await saml(new URLSearchParams()).validatePostResponseAsync(Object.fromEntries(form)));
  } catch (error) {
    return json(response, 403, {
      error: `${error.name}: ${error.message}`,
      statuses: error instanceof SamlStatusError ? statusUris(error.xmlStatus) : [],
    });
  }
  if (profile === null) {
    // node-saml answers NoPassive without an error and without a user.
    return json(response, 403, {
      error: "nobody is signed in",
      statuses: [
        "urn:oasis:names:tc:SAML:2.0:status:Responder",
        "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
      ],
    });
  }
  const assertion = profile.getAssertion().Assertion;
  const attributes = {};
  for (const [name, value] of Object.entries(profile.attributes ?? {})) {
    attributes[name] = [value].flat();
  }
  const token = crypto.randomUUID();
  sessions.set(token, {
    signedIn: true,
    nameId: {
      value: profile.nameID,
      format: profile.nameIDFormat,
      nameQualifier: profile.nameQualifier,
      spNameQualifier: profile.spNameQualifier,
    },
    attributes,
    authnContext: assertion.AuthnStatement[0].AuthnContext[0].AuthnContextClassRef[0]._,
    relayState: form.get("RelayState"),
  });
  response
    .writeHead(303, { Location: "/session", "Set-Cookie": `node_session=${token}; Path=/; HttpOnly` })
    .end();
}

function statusUris(xml) {
  return [...xml.matchAll(/Value="([^"]*)"/g)].map(([, value]) => value);
}

function answer(response, status, type, body) {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
}

function json(response, status, value) {
  answer(response, status, "application/json; charset=utf-8", JSON.stringify(value, null, 2));
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"));
}

async function handle(request, response) {
  const url = new URL(request.url, given.base_url);
  const place = `${request.method} ${url.pathname}`;
  if (place === "GET /login") return start(url.searchParams, response);
  if (place === "POST /acs") return receive(await body(request), response);
  if (place === "GET /metadata") {
    const xml = saml(new URLSearchParams()).generateServiceProviderMetadata(
      given.encrypt ? certificate : null,
      given.sign_requests ? certificate : null,
    );
    return answer(response, 200, "application/samlmetadata+xml", xml);
  }
  if (place === "GET /session") {
    const token = /(?:^|; )node_session=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
    return json(response, 200, sessions.get(token) ?? { signedIn: false });
  }
  if (place === "GET /") {
    return answer(
      response,
      200,
      "text/html; charset=utf-8",
      `<!doctype html><html lang="en"><title>Sample app</title><h1>Sample app</h1>
<p><a href="/login">Sign in</a> · <a href="/login?binding=${encodeURIComponent(POST)}">Sign in by POST</a></p></html>`,
    );
  }
  return answer(response, 404, "text/plain", "not here");
}

http
  .createServer((request, response) => {
    handle(request, response).catch((error) => answer(response, 500, "text/plain", String(error.stack)));
  })
  .listen(given.port, "127.0.0.1");
