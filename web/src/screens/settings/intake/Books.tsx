/** Received items and what became of each: the parts add up to the sum above them. */
import { counted, exactCount, formatCount } from "@/format";
import { Instant } from "@/parts/Instant";
import { Section } from "@/parts/Section";
import { earlierOf, partsOf, type Books as Told } from "./became";
import styles from "./intake.module.css";

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
                {books.refused === 1 ? "request" : "requests"} answered with an error; nothing of
                that is in the sum
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
