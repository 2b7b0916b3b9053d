/** Whether data arrives and how much was turned away in the last hour; leads to the details. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { intake } from "@/api/intake";
import { formatCount } from "@/format";
import styles from "./IntakeLight.module.css";

export function IntakeLight({ project }: { project: string }) {
  const { data, isError } = useQuery(intake(project));
  const refused = data?.books.refused ?? 0;
  const state = isError ? "away" : refused > 0 ? "refusing" : "fine";
  return (
    <Link
      to="/p/$project/settings/$section"
      params={{ project, section: "intake" }}
      className={styles.light}
      data-state={state}
    >
      <span aria-hidden className={styles.dot} />
      {isError
        ? "server can't be reached"
        : data === undefined
          ? "intake"
          : `${formatCount(data.books.items_per_s)}/s arrive · ${formatCount(refused)} refused`}
    </Link>
  );
}
