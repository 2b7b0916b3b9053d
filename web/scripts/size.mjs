// The size budget of what a browser has to fetch, gzipped.  Read from the build's manifest, so a
// screen is charged with everything that it loads beyond the first route.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUILT = new URL("../../src/quarterdeck/web/", import.meta.url);
const KB = 1000;
const FIRST_JS = 220 * KB; // shell and Overview
const FIRST_CSS = 25 * KB;
const SCREEN = 60 * KB; // each further screen, and each part of one that is loaded by itself
const WIDER = { diff: 115 * KB, graph: 90 * KB }; // chunks by the name of what they hold
const ALL = 700 * KB;
const FONT = 50 * KB;

const manifest = JSON.parse(readFileSync(new URL("manifest.json", BUILT)));
const sizes = new Map();

function size(file) {
  if (!sizes.has(file)) {
    const bytes = readFileSync(new URL(file, BUILT));
    sizes.set(file, file.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length);
  }
  return sizes.get(file);
}

function files(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(key)) return [];
  seen.add(key);
  return [
    chunk.file,
    ...(chunk.css ?? []),
    ...(chunk.imports ?? []).flatMap((one) => files(one, seen)),
  ];
}

const sum = (names, ending) =>
  [...new Set(names)]
    .filter((name) => name.endsWith(ending))
    .reduce((all, name) => all + size(name), 0);

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const overview = Object.keys(manifest).find((key) => key.endsWith("screens/overview/Overview.tsx"));
const first = new Set([...files(entry), ...(overview ? files(overview) : [])]);

const rows = [];
const check = (what, is, may) => rows.push({ what, is, may, over: is > may });
check("first route, JavaScript", sum(first, ".js"), FIRST_JS);
check("first route, CSS", sum(first, ".css"), FIRST_CSS);
// A screen is charged with all that it needs; a panel that a screen fetches when it is opened, with
// what it adds to the screens that may open it.
const openers = (panel) =>
  Object.keys(manifest).filter((key) => manifest[key].dynamicImports?.includes(panel));
const isScreen = (key) => openers(key).includes(entry) || key.endsWith("/View.tsx");
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || key === overview) continue;
  const there = isScreen(key) ? [] : openers(key).map((one) => new Set(files(one)));
  const own = files(key).filter(
    (file) => !first.has(file) && !(there.length > 0 && there.every((opener) => opener.has(file))),
  );
  const wider = Object.entries(WIDER).find(([word]) => key.includes(word))?.[1];
  check(key.replace("src/", ""), sum(own, ".js") + sum(own, ".css"), wider ?? SCREEN);
}
const everything = Object.values(manifest).flatMap((chunk) => [
  chunk.file,
  ...(chunk.css ?? []),
  ...(chunk.assets ?? []),
]);
check("font", sum(everything, ".woff2"), FONT);
check("everything but the font", sum(everything, ".js") + sum(everything, ".css"), ALL);

for (const { what, is, may, over } of rows.sort((a, b) => b.is - a.is)) {
  process.stdout.write(
    `${over ? "OVER " : "     "}${(is / KB).toFixed(1).padStart(7)} of ${String(may / KB).padStart(4)} kB  ${what}\n`,
  );
}
if (rows.some((row) => row.over)) process.exit(1);
