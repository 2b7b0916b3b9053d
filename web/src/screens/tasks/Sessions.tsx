/** The sessions of a branch, and two of them beside each other: one that succeeded, one not. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type BranchSession, branchSessions, type TaskNode, type TreeChoice } from "@/api/tasks";
import { counted, shortId } from "@/format";
import { Button, LinkButton } from "@/parts/Button";
import { Disclosure } from "@/parts/Disclosure";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { Money } from "@/parts/Money";
import { OutcomeBadge } from "@/parts/OutcomeBadge";
import { Failed, Loading } from "@/parts/States";
import css from "./Panel.module.css";

interface Props {
  project: string;
  task: string;
  choice: TreeChoice;
  node: TaskNode;
  showsSessions: boolean;
  onSessions: (shown: boolean) => void;
}

export function BranchSessions({ showsSessions, onSessions, ...rest }: Props) {
  return (
    <Disclosure
      title={counted(rest.node.sessions, "session")}
      aside="s"
      isOpen={showsSessions}
      onOpenChange={onSessions}
    >
      <List {...rest} />
    </Disclosure>
  );
}

function List({ project, task, choice, node }: Omit<Props, "showsSessions" | "onSessions">) {
  const answer = useInfiniteQuery(branchSessions(project, task, choice, node.id));
  if (answer.isError) {
    return <Failed error={answer.error} retry={() => void answer.refetch()} />;
  }
  if (!answer.data) return <Loading rows={4} rowHeight="two-lines" what="the sessions" />;
  const sessions = answer.data.pages.flatMap((page) => page.sessions);
  return (
    <>
      <SessionLines project={project} sessions={sessions} />
      {answer.hasNextPage && (
        <Button
          size="small"
          isPending={answer.isFetchingNextPage}
          onPress={() => void answer.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </>
  );
}

export function SessionLines({
  project,
  sessions,
}: {
  project: string;
  sessions: readonly BranchSession[];
}) {
  const good = sessions.find((one) => one.outcome.label === "success");
  const bad = sessions.find((one) => one.outcome.label === "failure");
  return (
    <>
      {good && bad && (
        <LinkButton
          size="small"
          to="/p/$project/sessions/$session"
          params={{ project, session: `${good.session_id}...${bad.session_id}` }}
        >
          Compare one that succeeded with one that failed
        </LinkButton>
      )}
      <ul className={css.sessions}>
        {sessions.map((one) => (
          <li key={one.session_id}>
            <OutcomeBadge label={one.outcome.label} size="small" />
            <Link
              to="/p/$project/sessions/$session"
              params={{ project, session: one.session_id }}
              className={css.session}
            >
              <HostileText
                text={one.task || one.asked || shortId(one.session_id)}
                inline
                max={160}
              />
            </Link>
            <span className={css.muted}>
              <Instant at={one.started_at} />
            </span>
            <Money usd={one.cost.total_usd} unpriced={one.cost.unpriced_calls} short />
          </li>
        ))}
      </ul>
    </>
  );
}
