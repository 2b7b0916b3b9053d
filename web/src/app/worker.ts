/**
 * The only place where a worker is made.
 *
 * The server demands Trusted Types, so an address of a script must pass a policy. Ours lets only
 * files of this build pass: same origin, no blob, no data, no credentials, no query.
 */
interface Policy {
  createScriptURL(url: string): unknown;
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): Policy;
}

const NAME = "quarterdeck#worker";

/** Throws a TypeError for any address that is not one of this build's scripts. */
export function ownScript(
  url: string,
  origin: string,
  isDevelopment: boolean = import.meta.env.DEV,
): string {
  const parsed = new URL(url, origin);
  const isOurs =
    parsed.origin === origin &&
    (parsed.protocol === "http:" || parsed.protocol === "https:") &&
    !parsed.username &&
    !parsed.password &&
    (isDevelopment || /^\/assets\/[\w.-]+\.js$/.test(parsed.pathname));
  if (!isOurs) throw new TypeError(`Not a script of this build: ${parsed.href}`);
  return parsed.href;
}

let policy: Policy | undefined;

function scriptUrl(url: string): string | URL {
  if (!policy) {
    const factory = (window as { trustedTypes?: PolicyFactory }).trustedTypes;
    const rules = { createScriptURL: (asked: string) => ownScript(asked, window.location.origin) };
    // A policy may be made once; without the API the same check runs, only unenforced.
    policy = factory ? factory.createPolicy(NAME, rules) : rules;
  }
  return policy.createScriptURL(url) as string;
}

/**
 * A module worker from an address that the bundler wrote:
 * `import url from "./find.worker.ts?worker&url"`, then `startWorker(url)`.
 */
export function startWorker(url: string, name?: string): Worker {
  return new Worker(scriptUrl(url), { type: "module", ...(name ? { name } : {}) });
}
