// Starting and stopping the programs under test, each by its own process group.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A program that runs until `stop`; what it prints goes to the file `log`. */
export class Daemon {
  constructor(command, args, log, env) {
    this.log = log;
    const out = fs.openSync(log, "a");
    this.process = spawn(command, args, { stdio: ["ignore", out, out], detached: true, env });
    fs.closeSync(out);
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
  }

  /** Waits until `url` answers with 200. */
  async ready(url) {
    await this.#until(`answer at ${url}`, async () => (await fetch(url).catch(() => null))?.status === 200);
  }

  /** Waits until it has printed `text`. */
  async says(text) {
    await this.#until(`say "${text}"`, () => this.printed().includes(text));
  }

  /** All that it has printed so far. */
  printed() {
    return fs.readFileSync(this.log, "utf8");
  }

  async #until(what, holds) {
    const deadline = Date.now() + 60_000;
    while (this.process.exitCode === null && Date.now() < deadline) {
      if (await holds()) return;
      await pause(25);
    }
    throw new Error(`${this.process.spawnfile} does not ${what}:\n${this.printed()}`);
  }

  /** Asks the program itself to end, and leaves ending what it started to it. */
  async interrupt() {
    this.process.kill("SIGINT");
    await this.ended;
  }

  async stop() {
    if (this.process.exitCode === null) process.kill(-this.process.pid, "SIGTERM");
    await this.ended;
  }
}

/** Runs a command to its end; one that fails throws what it said. */
export function run(command, args, { input = "", env } = {}) {
  const ran = spawnSync(command, args, { input, encoding: "utf8", env });
  if (ran.status !== 0) {
    throw new Error(`${command} ${args.join(" ")}: ${ran.error ?? ""}\n${ran.stdout}${ran.stderr}`);
  }
  return ran.stdout;
}
