/**
 * Versions of a workflow: a number, a name, or a digest of which the first figures do.
 */

/** `v14` · `v1.2.0` · `sha256:3f9a…` · `9c1e02ab…` · `unknown` */
export function formatVersion(version: string | null | undefined): string {
  if (version === null || version === undefined || version === "") return "unknown";
  if (/^\d+(\.\d+)*$/.test(version)) return `v${version}`;
  const digest = /^(sha\d+:)([0-9a-f]{16,})$/i.exec(version);
  if (digest) return `${digest[1]}${digest[2]?.slice(0, 4)}…`;
  if (/^[0-9a-f]{16,}$/i.test(version)) return `${version.slice(0, 8)}…`;
  return version;
}
