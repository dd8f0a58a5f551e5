// Avouch on 127.0.0.1, a sample app on localhost, and a browser in front of both.
//
// `localhost` and `127.0.0.1` are different sites to a browser, so each form that the app posts to
// Avouch arrives without SameSite cookies, as it does between two real domains.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { Daemon, freePort, run } from "./process.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const binary = process.env.AVOUCH_BIN ?? path.join(root, "target/debug/avouch");
const screenshots = path.join(root, "target/screenshots");

export const PASSWORD = "correct horse battery staple";
export const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/** Debian's Chromium, without a window and without a word to anybody. */
export function launchBrowser() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

export class World {
  /**
   * `avouch serve` with an app and two users; with `developer` set `avouch dev` and the app; with
   * `demo` set what `make demo` starts.
   */
  static async start(kind = {}) {
    const world = new World();
    try {
      await world.#start(kind);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #start({ developer = false, demo = false }) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "avouch-browser-"));
    // Nothing of the caller's environment may change what is tested.
    this.env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(AVOUCH_|DATABASE_URL)/.test(name)),
    );
    if (demo) {
      await this.#startDemo();
    } else if (developer) {
      const port = await freePort();
      await this.#startDeveloper(`http://localhost:${port}/metadata`);
      this.sp = await this.startApp("app", port);
    } else {
      await this.#startAvouch();
      this.user("sample.one", "Sample User One");
      this.user("sample.admin", "Sample Admin", "--admin", "all");
      this.sp = await this.startApp("app");
      this.app = this.addApp(this.sp, "Sample Wiki");
    }
    this.browser = await launchBrowser();
  }

  async #startAvouch() {
    const port = await freePort();
    this.idp = `http://127.0.0.1:${port}`;
    this.config = path.join(this.folder, "avouch.toml");
    fs.writeFileSync(
      this.config,
      `[server]\nbase_url = "${this.idp}"\nlisten = ["127.0.0.1:${port}"]\ndata_dir = "${this.folder}/data"\n`,
    );
    this.avouch("migrate");
    this.server = new Daemon(
      binary, ["serve", "--config", this.config], path.join(this.folder, "avouch.log"), this.env,
    );
    await this.server.ready(`${this.idp}/health/ready`);
  }

  /** `avouch dev`, which asks the app for its metadata until it answers. */
  async #startDeveloper(metadata) {
    const port = await freePort();
    this.idp = `http://127.0.0.1:${port}`;
    this.server = new Daemon(
      binary,
      ["dev", "--listen", `127.0.0.1:${port}`, "--base-url", this.idp, "--sp", metadata],
      path.join(this.folder, "avouch.log"),
      this.env,
    );
    await this.server.ready(`${this.idp}/health/ready`);
  }

  /** The script behind `make demo`: `avouch dev` and the sample app of `examples/sp.rs`. */
  async #startDemo() {
    const [avouchPort, appPort] = [await freePort(), await freePort()];
    this.idp = `http://localhost:${avouchPort}`;
    this.sp = { base: `http://127.0.0.1:${appPort}` };
    this.server = new Daemon(
      path.join(root, "examples/demo.sh"), [], path.join(this.folder, "demo.log"),
      {
        ...this.env,
        AVOUCH_TARGET: path.dirname(binary),
        AVOUCH_PORT: String(avouchPort),
        SAMPLE_APP_PORT: String(appPort),
      },
    );
    // What the script prints last: from here on a person would click.
    await this.server.says("Ctrl-C stops both");
    this.idpMetadata = path.join(this.folder, "idp.xml");
    fs.writeFileSync(this.idpMetadata, await (await fetch(`${this.idp}/saml/metadata`)).text());
    this.key = path.join(root, "certs/dev/sp-encryption.key.pem");
  }

  /** Runs a command of the command line. */
  avouch(...args) {
    return run(binary, [...args, "--config", this.config], { env: this.env });
  }

  /** Adds a user with the password of all sample users. */
  user(name, shown, ...more) {
    run(
      binary,
      ["user", "add", name, "--email", `${name}@example.org`, "--display-name", shown, ...more, "--config", this.config],
      { env: this.env, input: `${PASSWORD}\n` },
    );
  }

  /** Starts a service provider on node-saml that knows this Avouch; returns its base URL. */
  async startApp(name, chosenPort) {
    const port = chosenPort ?? (await freePort());
    const folder = path.join(this.folder, name);
    fs.mkdirSync(folder);
    const metadata = await (await fetch(`${this.idp}/saml/metadata`)).text();
    this.idpMetadata = path.join(folder, "idp.xml");
    fs.writeFileSync(this.idpMetadata, metadata);
    const [key, certificate] = ["sp.key", "sp.crt"].map((file) => path.join(folder, file));
    run("openssl", [
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=Sample app",
      "-keyout", key, "-out", certificate,
    ]);
    const base = `http://localhost:${port}`;
    const config = path.join(folder, "config.json");
    fs.writeFileSync(config, JSON.stringify({
      port,
      base_url: base,
      entity_id: `${base}/metadata`,
      idp_metadata: this.idpMetadata,
      idp_entity_id: /entityID="([^"]*)"/.exec(metadata)[1],
      key,
      certificate,
      sign_requests: true,
      encrypt: false,
    }));
    const daemon = new Daemon(
      process.execPath, [path.join(root, "tests/interop/node/server.js"), config], path.join(folder, "log"), this.env,
    );
    (this.apps ??= []).push(daemon);
    await daemon.ready(`http://127.0.0.1:${port}/metadata`);
    fs.writeFileSync(path.join(folder, "sp.xml"), await (await fetch(`http://127.0.0.1:${port}/metadata`)).text());
    return { base, metadata: path.join(folder, "sp.xml"), entityId: `${base}/metadata` };
  }

  /** Registers a service provider that everyone may use; returns the app's short name. */
  addApp(sp, name) {
    const added = JSON.parse(this.avouch("app", "add", sp.metadata, "--json"));
    this.avouch(
      "app", "edit", added.api_name, `name=${name}`, "permitted_users=self_authorize",
      "ask_consent=false", "attributes=mail=email\ndisplayName=display_name",
    );
    return added.api_name;
  }

  /**
   * A page in a browser profile of its own. `checked` fails when Avouch loaded anything from
   * elsewhere or when the browser complained, for instance about the content security policy.
   */
  async page(options = {}) {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    const foreign = [];
    const complaints = [];
    const watch = (opened) => {
      opened.on("request", (request) => {
        this.#keep(request);
        const url = new URL(request.url());
        const ours = [this.idp, this.sp.base].includes(url.origin) || url.protocol === "data:";
        if (!ours && !request.isNavigationRequest()) foreign.push(request.url());
      });
      opened.on("console", (message) => {
        // A page that answers 4xx on purpose is not a complaint.
        if (message.type() === "error" && !/status of 4\d\d|favicon/.test(message.text())) {
          complaints.push(message.text());
        }
      });
      opened.on("pageerror", (error) => complaints.push(String(error)));
    };
    watch(page);
    context.on("page", watch);
    page.checked = async () => {
      assert.deepEqual(foreign, [], "loaded from elsewhere");
      assert.deepEqual(complaints, [], "the browser complained");
      await context.close();
    };
    return page;
  }

  /** Keeps the Response that a browser posts, for the checks at the end. */
  #keep(request) {
    const response = new URLSearchParams(request.postData() ?? "").get("SAMLResponse");
    if (response === null) return;
    this.responses ??= [];
    const file = path.join(this.folder, `response-${this.responses.length}.xml`);
    fs.writeFileSync(file, Buffer.from(response, "base64"));
    this.responses.push(file);
  }

  /** Has every Response that passed judged by the schemas and by xmlsec1. */
  #checkResponses() {
    if (!this.responses?.length) return;
    const interop = path.join(root, "tests/interop");
    const key = this.key ? ["--key", this.key] : [];
    run(
      path.join(root, ".cache/interop-venv/bin/python"),
      ["-B", path.join(interop, "check_responses.py"), ...key, this.idpMetadata, ...this.responses],
    );
  }

  /** Keeps a picture of the whole page. */
  picture(page, name) {
    return picture(page, name);
  }

  async stop() {
    await this.browser?.close();
    for (const app of this.apps ?? []) await app.stop();
    await this.server?.stop();
    if (this.folder) this.#checkResponses();
    if (this.folder && !process.env.AVOUCH_KEEP) fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Keeps a picture of the whole page. */
export async function picture(page, name) {
  const file = path.join(screenshots, `${name}.png`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file, fullPage: true });
}

/** Fills in the login form and sends it. */
export async function signIn(page, username, password = PASSWORD) {
  await page.locator("input[name=username]:visible").fill(username);
  await page.locator("input[name=password]:visible").fill(password);
  await page.locator("form:has(input[name=password]:visible) button").click();
}

/** What the sample app knows about the user of this page's browser. */
export async function session(page, sp) {
  const answer = await page.context().request.get(`${sp.base}/session`);
  return answer.json();
}
