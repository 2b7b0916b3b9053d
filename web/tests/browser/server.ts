/**
 * A real server for a test: `quarterdeck up` on free ports with a data folder of its own.
 *
 * Stopped by its own process id. What it wrote to its log is told when it does not start.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../../..");
const QUARTERDECK = process.env.QUARTERDECK_BIN ?? join(ROOT, ".venv/bin/quarterdeck");
export const PYTHON = process.env.PYTHON_BIN ?? join(ROOT, ".venv/bin/python");
const STARTS_WITHIN_MS = 60_000;
const run = promisify(execFile);

export interface Server {
  readonly url: string;
  /** `quarterdeck <arguments>` against this server; answers what it printed. */
  cli(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Recorded sessions beside the project, or null where they are not there. */
export function shared(path: string): string | null {
  const place = join(ROOT, "..", "shared", path);
  return existsSync(place) ? place : null;
}

/** Recordings of our own, always there. */
export function golden(path: string): string {
  return join(ROOT, "tests/golden/transcripts", path);
}

export async function startServer(environment: Record<string, string> = {}): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), "quarterdeck-web-"));
  const [port, grpcPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("QUARTERDECK_")),
  );
  const env = { ...own, ...environment };
  const child = spawn(
    QUARTERDECK,
    ["up", "--port", String(port), "--grpc-port", String(grpcPort), "--data", data],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (some: Buffer) => {
      log = (log + some.toString()).slice(-20_000);
    });
  }
  await ready(url, child, () => log);
  return {
    url,
    cli: async (...args) => {
      const answer = await run(QUARTERDECK, args, {
        env: { ...env, QUARTERDECK_URL: url, NO_COLOR: "1" },
        maxBuffer: 64 * 1024 * 1024,
      });
      return answer.stdout;
    },
    stop: async () => {
      await ended(child);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Runs a program beside this file against the server, with the project's own Python. */
export async function python(server: Server, program: string): Promise<void> {
  const env = { ...process.env, QUARTERDECK_URL: server.url, QUARTERDECK_API_KEY: "" };
  await run(PYTHON, [join(import.meta.dirname, program)], { env });
}

/** Everything that was sent is stored and in its session. */
export async function settled(server: Server): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${server.url}/readyz`);
    const body = (await answer.json()) as { oldest_unprocessed_s?: number };
    return answer.ok && body.oldest_unprocessed_s === 0;
  });
}

async function ready(url: string, child: ChildProcess, log: () => string): Promise<void> {
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${log()}`);
    try {
      return (await fetch(`${url}/readyz`)).ok;
    } catch {
      return false;
    }
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + STARTS_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`not so after ${STARTS_WITHIN_MS / 1000} s`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : 0;
      probe.close(() => found(port));
    });
  });
}
