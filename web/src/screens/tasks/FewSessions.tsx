/** Too few sessions for a tree to say anything: they are listed instead. */
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { branchSessions, type TaskTree, type TreeChoice } from "@/api/tasks";
import { formatCount } from "@/format";
import { Loading } from "@/parts/States";
import { SessionLines } from "./Sessions";
import css from "./Task.module.css";

interface Props {
  project: string;
  name: string;
  choice: TreeChoice;
  tree: TaskTree;
}

export function FewSessions({ project, name, choice, tree }: Props) {
  const options = branchSessions(project, name, choice, tree.root);
  const answer = useInfiniteQuery(infiniteQueryOptions({ ...options, enabled: tree.read > 0 }));
  const sessions = answer.data?.pages.flatMap((page) => page.sessions) ?? [];
  return (
    <section className={css.few} aria-label="Its sessions">
      <p>
        A tree needs about 20 sessions of one task type to say something; there{" "}
        {tree.read === 1 ? "is 1" : `are ${formatCount(tree.read)}`}: listed here.
        <span className={css.muted}> Nothing in the picture below is a rate to act on yet.</span>
      </p>
      {answer.isPending && tree.read > 0 ? (
        <Loading rows={Math.min(6, tree.read)} rowHeight="two-lines" />
      ) : (
        <SessionLines project={project} sessions={sessions} />
      )}
    </section>
  );
}
