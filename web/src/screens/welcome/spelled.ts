/** A way's text with the address and the key of this server; without a key, what carries it goes. */
export function spelled(text: string, url: string, key: string | null): string {
  const addressed = text.replaceAll("{url}", url);
  if (key !== null) return addressed.replaceAll("{key}", key);
  return addressed
    .split("\n")
    .filter((line) => !/^export OTEL_EXPORTER_OTLP_HEADERS=.*\{key\}/.test(line))
    .map((line) =>
      line.replace(/ [A-Z_]+=\{key\}/, "").replace(" -H 'authorization: Bearer {key}'", ""),
    )
    .join("\n");
}
