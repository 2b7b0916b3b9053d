/**
 * The states that must never look alike: nothing yet, loading, hidden by the filter, not allowed,
 * failed, and stale.
 */
import { type ReactNode, useEffect, useState } from "react";
import { Refused, Unreachable } from "@/api/client";
import { formatAgo } from "@/format";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { visibleText } from "./hostile";
import css from "./States.module.css";

/** Nothing yet: what will be here, and below it what fills it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.state} data-state="empty">
      <p className={css.title}>{title}</p>
      {children && <div className={css.more}>{children}</div>}
    </div>
  );
}

export interface FilteredEmptyProps {
  /** "No session matches." */
  readonly title: string;
  /** What there would be otherwise: "1,204 in the last 30 days". */
  readonly otherwise?: ReactNode;
  /** Ways to widen it: buttons or links, each with the count it would give. */
  readonly children?: ReactNode;
}

export function FilteredEmpty({ title, otherwise, children }: FilteredEmptyProps) {
  return (
    <div className={css.state} data-state="filtered">
      <p className={css.title}>
        {title} {otherwise && <span className={css.otherwise}>{otherwise}</span>}
      </p>
      {children && <div className={css.acts}>{children}</div>}
    </div>
  );
}

export interface LoadingProps {
  /** Grey bars, in the height of real rows. */
  readonly rows?: number;
  readonly rowHeight?: "compact" | "usual" | "two-lines";
  /** What is read, said after 5 s. */
  readonly what?: string;
  readonly onCancel?: () => void;
}

/** Shows nothing for 150 ms: what comes sooner should not flicker. */
export function Loading({ rows = 3, rowHeight = "usual", what, onCancel }: LoadingProps) {
  const isShown = useLater(150);
  const isLong = useLater(5_000);
  return (
    <div className={css.loading} data-state="loading" aria-busy="true">
      <span role="status" className="visually-hidden">
        {isShown ? `Loading${what ? ` ${what}` : ""}` : ""}
      </span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars are all alike.
        <div key={row} className={`${css.bar} ${css[rowHeight]}`} data-shown={isShown}>
          <span style={{ width: `${[62, 48, 71, 55, 66][row % 5]}%` }} />
        </div>
      ))}
      {isLong && (
        <p className={css.still}>
          Still working{what ? `: ${what}` : ""}.
          {onCancel && (
            <Button look="quiet" size="small" onPress={onCancel}>
              Cancel
            </Button>
          )}
        </p>
      )}
    </div>
  );
}

export interface FailedProps {
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
  /** What failed, in the viewer's words: "The sessions could not be read." */
  readonly what?: string;
}

/** What failed, whether data is safe, and what to do; a panel's failure leaves the others. */
export function Failed({ error, retry, what }: FailedProps) {
  if (error instanceof Refused && (error.status === 403 || error.status === 401)) {
    return <NotAllowed error={error} />;
  }
  const { told, advice } = tellOf(error);
  return (
    <div className={css.state} data-state="failed" role="alert">
      <p className={css.title}>{what ?? told}</p>
      {what && <p className={css.told}>{told}</p>}
      {advice && <p className={css.told}>{advice}</p>}
      <div className={css.acts}>
        {retry && <Button onPress={retry}>Try again</Button>}
        <CopyButton text={() => reportOf(error)} what="what failed" size="usual">
          Copy what failed
        </CopyButton>
      </div>
    </div>
  );
}

export interface NotAllowedProps {
  readonly error?: Refused;
  /** The role that it takes: "admin". */
  readonly needs?: string;
}

/** Also where something does not exist and that is nobody's business. */
export function NotAllowed({ error, needs }: NotAllowedProps) {
  return (
    <div className={css.state} data-state="not-allowed">
      <p className={css.title}>
        {error?.status === 401
          ? "Log in to see this."
          : "This is not here, or not for this account."}
      </p>
      {error && <p className={css.told}>{visibleText(error.message)}</p>}
      <p className={css.told}>
        {error?.hint ||
          (needs
            ? `It takes the role ${needs}. An admin of the project can give it.`
            : "An admin of the project can give access.")}
      </p>
    </div>
  );
}

/** The live channel broke: the figures are as of then. */
export function Stale({ since, retry }: { since: number; retry?: () => void }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={css.stale} data-state="stale" role="status">
      <span>Live updates stopped {formatAgo(since, now)}. What is shown is as of then.</span>
      {retry && (
        <Button look="quiet" size="small" onPress={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function useLater(ms: number): boolean {
  const [isNow, setNow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setNow(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return isNow;
}

function tellOf(error: unknown): { told: string; advice: string } {
  if (error instanceof Unreachable) {
    return {
      told: "The server can't be reached.",
      advice:
        "What it has stored is safe. It may be starting, stopped, or behind a broken network.",
    };
  }
  if (error instanceof Refused) {
    const isOurs = error.status >= 500;
    return {
      told: visibleText(error.message),
      advice: error.hint || (isOurs ? "Nothing was changed. The server's log has the reason." : ""),
    };
  }
  return {
    told: "This part of the screen stopped working.",
    advice: "It is a fault of the app, not of the data. Nothing was changed.",
  };
}

function reportOf(error: unknown): string {
  const lines = [`at ${new Date().toISOString()}`, window.location.href];
  if (error instanceof Refused) lines.push(`${error.status} ${error.code}`, error.message);
  else if (error instanceof Error) lines.push(error.stack ?? `${error.name}: ${error.message}`);
  else lines.push(String(error));
  return lines.join("\n");
}
