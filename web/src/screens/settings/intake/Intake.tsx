/**
 * Does data arrive, what became of it, and what was turned away?
 *
 * Each received item is in exactly one of the numbers, so they add up.
 */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { intake } from "@/api/intake";
import { Refusals } from "@/app/intake/Refusals";
import { Failed, Loading } from "@/parts/States";
import { Command } from "../pieces/Command";
import { Page } from "../pieces/Page";
import { Addresses } from "./Addresses";
import { Books } from "./Books";
import styles from "./intake.module.css";
import { Libraries } from "./Libraries";
import { Unanswered } from "./Unanswered";

export function Intake({ project }: { project: string }) {
  const { data, isError, error, refetch } = useQuery(intake(project));
  return (
    <Page
      title="Intake"
      note="Whether data arrives, what was refused, and why."
      aside={
        <Link to="/p/$project/welcome" params={{ project }}>
          Connect an agent
        </Link>
      }
    >
      {isError && !data ? (
        <Failed error={error} retry={() => void refetch()} what="The intake could not be read." />
      ) : !data ? (
        <Loading rows={6} what="the intake" />
      ) : (
        <>
          <Books books={data.books} asOf={data.as_of} />
          {data.refusals.length === 0 ? (
            <p className={styles.quiet}>Nothing was refused lately.</p>
          ) : (
            <Refusals refusals={data.refusals} />
          )}
          <Unanswered calls={data.unanswered} />
          <Libraries libraries={data.libraries} arrived={data.arrived} />
          <Addresses intake={data} project={project} />
        </>
      )}
      <Command says="If nothing shows up" text="quarterdeck doctor" />
    </Page>
  );
}
