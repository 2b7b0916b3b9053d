// Puts a compressed copy beside each text file of the build, so that the server need not compress
// the same bytes for every browser.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const ASSETS = new URL("../../src/quarterdeck/web/assets/", import.meta.url);
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

for (const name of readdirSync(ASSETS)) {
  if (!/\.(js|css|svg)$/.test(name)) continue;
  const bytes = readFileSync(new URL(name, ASSETS));
  writeFileSync(new URL(`${name}.br`, ASSETS), brotliCompressSync(bytes, QUALITY));
  writeFileSync(new URL(`${name}.gz`, ASSETS), gzipSync(bytes, { level: 9 }));
}
