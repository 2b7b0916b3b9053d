/** No rate can be told: nobody said how a session ended. Three ways to say it. */
import { formatCount } from "@/format";
import { CodeBlock } from "@/parts/CodeBlock";
import styles from "./NoOutcome.module.css";

export function NoOutcome({ sessions }: { sessions: number }) {
  return (
    <section className={styles.box} aria-labelledby="no-outcome">
      <h2 id="no-outcome">No outcome is known yet</h2>
      <p>
        {formatCount(sessions)} sessions began in this time, and of none is it known whether its
        task was done. Success is never assumed. Three ways to tell:
      </p>
      <div className={styles.ways}>
        <div>
          <h3>In the agent</h3>
          <CodeBlock
            label="in the agent"
            text={'session.outcome("success", reason="tests pass")'}
          />
        </div>
        <div>
          <h3>As a span attribute</h3>
          <CodeBlock label="as an attribute" text={'quarterdeck.outcome = "failure"'} />
        </div>
        <div>
          <h3>By a person</h3>
          <p>Open a session and press Mark.</p>
        </div>
      </div>
    </section>
  );
}
