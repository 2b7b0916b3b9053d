/** An address that shows nothing: what is near it instead. */
import { Link, useRouterState } from "@tanstack/react-router";
import styles from "./NotHere.module.css";

export function NotHere() {
  return <Nothing />;
}

/** Also for what a screen looked up and did not find. */
export function Nothing({ what }: { what?: string }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const project = /^\/p\/([^/]+)/.exec(path)?.[1];
  return (
    <div className={styles.page}>
      <h1>{what ?? "This address shows nothing."}</h1>
      <p>
        <code>{path}</code> is no screen of Quarterdeck, or it names something that is gone, or that
        your credential doesn't reach.
      </p>
      <p>
        {project ? (
          <>
            <Link to="/p/$project/sessions" params={{ project: decodeURIComponent(project) }}>
              Sessions of {decodeURIComponent(project)}
            </Link>{" "}
            ·{" "}
            <Link to="/p/$project/overview" params={{ project: decodeURIComponent(project) }}>
              Overview
            </Link>
          </>
        ) : (
          <Link to="/">Start</Link>
        )}
      </p>
    </div>
  );
}
