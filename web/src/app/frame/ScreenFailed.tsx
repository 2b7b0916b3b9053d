/** A screen that broke by our own fault: says so, and that the data is untouched. */
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import styles from "./NotHere.module.css";

export function ScreenFailed({ error, reset }: ErrorComponentProps) {
  return (
    <div className={styles.page} role="alert">
      <h1>This screen could not be drawn.</h1>
      <p>
        The fault is in the web app; what is stored is untouched, and the command line and the API
        still tell it. What it said: <code>{String(error)}</code>
      </p>
      <p>
        <button type="button" onClick={reset}>
          Try again
        </button>{" "}
        · <Link to="/">Start</Link>
      </p>
    </div>
  );
}
