/**
 * A session key's rule as the server reads it, for the example beside the field. Pure.
 *
 * Only shows; which session a span belongs to is decided by the server.
 */

/** What can't be read in a rule; undefined where all can. */
export function problemOf(rule: string): string | undefined {
  if (!/[{}]/.test(rule)) return undefined;
  const rest = rule.replaceAll(/\{[^{}]+\}/g, "");
  return /[{}]/.test(rest)
    ? "Each attribute stands between one { and one }, such as {tenant}:{ticket.id}."
    : undefined;
}

/** Attributes that the rule needs, in their order. */
export function attributesOf(rule: string): string[] {
  if (!rule) return [];
  if (!rule.includes("{")) return [rule];
  return [...rule.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] ?? "");
}

/** The key of a span with these attributes; "" where one is missing. */
export function keyOf(rule: string, attributes: Readonly<Record<string, string>>): string {
  if (!rule.includes("{")) return attributes[rule] ?? "";
  if (attributesOf(rule).some((name) => !attributes[name])) return "";
  return rule.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => attributes[name] ?? "");
}
