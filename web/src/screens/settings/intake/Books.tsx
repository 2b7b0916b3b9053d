/** Received items and what became of each: the parts add up to the sum above them. */
import type { components } from "@/api/schema";
import { counted, exactCount, formatCount } from "@/format";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import styles from "./intake.module.css";

type Told = components["schemas"]["Books"];

export function Books({ books, asOf }: { books: Told; asOf: string }) {
  const parts = partsOf(books);
  return (
    <Section
      title="What arrived"
      note={
        books.minutes >= 60
          ? "Spans, log records and data points of the last hour."
          : `Spans, log records and data points since the server started, ${counted(books.minutes, "minute")} ago.`
      }
      aside={
        <span>
          as of <Instant at={asOf} look="clock" fineness="second" />
        </span>
      }
    >
      <div className={styles.wide}>
        <table className={styles.books}>
          <caption className="visually-hidden">Received items by what became of them</caption>
          <thead>
            <tr data-sum>
              <th scope="row">Received</th>
              <td title={exactCount(books.received)}>{formatCount(books.received)}</td>
              <td>
                in {counted(books.requests, "request")}, {formatCount(books.items_per_s)} per second
                now
              </td>
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <tr key={part.name} data-none={part.count === 0 || undefined}>
                <th scope="row">{part.name}</th>
                <td title={exactCount(part.count)}>{formatCount(part.count)}</td>
                <td>{part.says}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Refused</th>
              <td>{formatCount(books.refused)}</td>
              <td>
                {books.refused === 1 ? "request" : "requests"} answered with an error; nothing of{" "}
                {books.refused === 1 ? "it" : "them"} was read, so it is not in the sum
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
      {earlierOf(books) > 0 && (
        <p className={styles.quiet}>
          {counted(earlierOf(books), "item")} more came out than went in: they were received before
          this time.
        </p>
      )}
    </Section>
  );
}

interface Part {
  readonly name: string;
  readonly count: number;
  readonly says: string;
}

function partsOf(books: Told): Part[] {
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
export function earlierOf(books: Told): number {
  const became = partsOf(books).reduce((sum, part) => sum + part.count, 0);
  return Math.max(0, became - books.received);
}
