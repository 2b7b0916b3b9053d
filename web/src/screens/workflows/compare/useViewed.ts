/** Which parts of a comparison this reader has seen; kept in this browser. */
import { useState } from "react";

export interface Viewed {
  has(path: string): boolean;
  turn(path: string): void;
}

const PLACE = "quarterdeck.viewed";
/** Comparisons that are remembered; the oldest is forgotten first. */
const MOST = 50;

export function useViewed(of: string): Viewed {
  const [all, setAll] = useState(read);
  const paths = all.find(([name]) => name === of)?.[1] ?? [];
  return {
    has: (path) => paths.includes(path),
    turn: (path) => {
      const next = paths.includes(path) ? paths.filter((one) => one !== path) : [...paths, path];
      const kept: Kept[] = [...all.filter(([name]) => name !== of), [of, next] as Kept].slice(
        -MOST,
      );
      setAll(kept);
      try {
        localStorage.setItem(PLACE, JSON.stringify(kept));
      } catch {
        // A full or forbidden store takes remembering away, and nothing else.
      }
    },
  };
}

type Kept = [of: string, paths: string[]];

function read(): Kept[] {
  try {
    const told: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(told) ? told.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(one: unknown): one is Kept {
  return Array.isArray(one) && typeof one[0] === "string" && Array.isArray(one[1]);
}
