/** Requests that arrived and were turned away: when, why, and what to do. */
import type { components } from "@/api/schema";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import styles from "./Refusals.module.css";

type Refusal = components["schemas"]["Refusal"];

export function Refusals({ refusals }: { refusals: readonly Refusal[] }) {
  if (refusals.length === 0) return null;
  return (
    <section aria-labelledby="refused" className={styles.section}>
      <h2 id="refused">Arrived and refused</h2>
      <div className={styles.wide}>
        <table className={styles.refusals}>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Request</th>
              <th scope="col">Answer</th>
              <th scope="col">Why, and what to do</th>
            </tr>
          </thead>
          <tbody>
            {refusals.map((one) => (
              <tr key={`${one.at} ${one.path} ${one.status}`}>
                <td>
                  <Instant at={one.at} />
                  {one.times > 1 && <span className={styles.quiet}> ×{one.times}</span>}
                </td>
                <td>
                  <HostileText text={`${one.method} ${one.path}`} mono />
                </td>
                <td>{one.status}</td>
                <td>
                  <HostileText text={one.reason} />
                  {one.key && (
                    <>
                      {" "}
                      (key <HostileText text={one.key} mono />)
                    </>
                  )}
                  {one.hint && (
                    <p className={styles.quiet}>
                      <HostileText text={one.hint} />
                    </p>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
