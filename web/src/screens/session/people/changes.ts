/** What a person changed, word by word. Pure; the library is loaded with the view. */
import { diffWordsWithSpace } from "diff";

export interface Word {
  /** Where it stands among the others. */
  readonly place: number;
  readonly text: string;
  readonly change: "kept" | "added" | "removed";
}

/** Above it two texts are shown whole, side by side: a diff of words would take seconds. */
export const LONGEST = 20_000;

/** null: too long to compare word by word. */
export function wordsChanged(before: string, after: string): Word[] | null {
  if (before.length + after.length > LONGEST) return null;
  return diffWordsWithSpace(before, after).map((part, place) => ({
    place,
    text: part.value,
    change: part.added ? "added" : part.removed ? "removed" : "kept",
  }));
}
