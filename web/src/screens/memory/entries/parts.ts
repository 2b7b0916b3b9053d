/** The parts of a filter, each in words and with what takes it away. Pure. */
import { visibleText } from "@/parts/hostile";
import { type MemorySearch, read } from "../address";
import { environmentWords, scopeWords } from "../words/places";

export interface FilterPart {
  readonly name: keyof MemorySearch;
  readonly text: string;
  readonly without: { [K in keyof MemorySearch]?: undefined };
}

/** In the order in which they stand on the screen. */
export function partsOf(search: MemorySearch): FilterPart[] {
  const said: [keyof MemorySearch, string, string | undefined][] = [
    ["q", "words", search.q],
    ["environment", "environment", worded(search.environment, environmentWords)],
    ["namespace", "namespace", search.namespace],
    ["scope", "scope", worded(search.scope, scopeWords)],
    ["prefix", "key from", search.prefix],
    ["session", "session", search.session],
    ["workflow", "workflow", search.workflow],
    ["version", "version", search.version === undefined ? undefined : String(search.version)],
    ["user", "user", search.user],
    ["at", "checkpoint", search.at],
  ];
  return said.flatMap(([name, word, text]) =>
    text === undefined
      ? []
      : [{ name, text: `${word}: ${visibleText(text, 60)}`, without: { [name]: undefined } }],
  );
}

function worded(written: string | undefined, words: (name: string) => string): string | undefined {
  const name = read(written);
  return name === undefined ? undefined : words(name);
}
