/** What other sessions of the same task did here, and how those ended. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { others } from "@/api/session";
import { segment } from "@/app/address";
import { counted } from "@/format";
import { EstimateView } from "@/parts/EstimateView";
import { HostileText } from "@/parts/HostileText";
import css from "./Moment.module.css";

export function Others({
  project,
  session,
  step,
}: {
  project: string;
  session: string;
  step: number;
}) {
  const { data } = useQuery(others(project, session, step));
  // A task type of its own, and at least one other session: else there is nothing to compare.
  if (!data?.task_type || !data.node || data.sessions < 2) return null;
  return (
    <section className={css.part}>
      <h3>
        Others here{" "}
        <Link
          to="/p/$project/tasks/$task"
          params={{ project, task: segment(data.task_type) }}
          search={{ node: data.node }}
          className={css.link}
        >
          {counted(data.sessions, "session")}
        </Link>
      </h3>
      <ul className={css.ways}>
        {data.ways.slice(0, 4).map((way) => (
          <li key={way.node} data-this={way.is_this}>
            <span className={css.way}>
              <HostileText text={way.label} inline max={60} />
              {way.is_this && <span className={css.muted}> as here</span>}
            </span>
            <span className={css.muted}>{counted(way.sessions, "session")}</span>
            <span className={css.rate}>
              <EstimateView estimate={way.success} unit="rate" /> success
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
