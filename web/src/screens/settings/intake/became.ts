/** What became of received items, as numbers that add up. Pure. */
import type { components } from "@/api/schema";

export type Books = components["schemas"]["Books"];

export interface Part {
  readonly name: string;
  readonly count: number;
  readonly says: string;
}

/** What became of received items: each is in exactly one of these. */
export function partsOf(books: Books): Part[] {
  return [
    { name: "Stored", count: books.stored, says: "in a session" },
    { name: "Duplicate", count: books.duplicate, says: "sent before, kept once" },
    { name: "Ignored", count: books.ignored, says: "nothing of an agent in them" },
    { name: "Rejected", count: books.rejected, says: "unreadable; the sender was told" },
    {
      name: "Set aside",
      count: books.quarantined,
      says: "processing failed; kept, and put back in line by quarterdeck requeue",
    },
    { name: "Pending", count: books.pending, says: "received, not processed yet" },
  ];
}

/** What was received before the time that the books cover, and became something in it. */
export function earlierOf(books: Books): number {
  const became = partsOf(books).reduce((sum, part) => sum + part.count, 0);
  return Math.max(0, became - books.received);
}
