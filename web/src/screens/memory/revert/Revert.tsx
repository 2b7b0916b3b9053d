/**
 * Taking back what was learned: which writes, what that would do, and only then the act.
 *
 * The plan is the server's. The act names the plan that was looked at, so that nothing else is
 * done; where memory has changed since, the new plan is shown instead.
 */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Refused } from "@/api/client";
import { forgetMemory, revert, revertPlan, type SelectionForm } from "@/api/memory";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { counted } from "@/format";
import { Empty, Failed, Loading } from "@/parts/States";
import { say } from "@/parts/Toasts";
import { Command } from "@/screens/workflows/pieces/Command";
import { ToMemory } from "../pieces/links";
import page from "../pieces/Memory.module.css";
import { isNothing } from "../words/plan";
import { revertCommand, selectionOf } from "../words/selection";
import { Choose } from "./Choose";
import { Confirm } from "./Confirm";
import { PlanShown } from "./PlanShown";

const FROM = "/p/$project/memory/revert";

export function Revert() {
  const { project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const said = JSON.stringify(search);
  // A relative time is an instant from when it was chosen: the plan and the act mean the same.
  const selection = useMemo(() => selectionOf(JSON.parse(said), Date.now()), [said]);
  return (
    <div className={page.page}>
      <ScreenHead
        title={
          <>
            <span className={page.above}>
              <ToMemory project={project} /> ▸{" "}
            </span>
            Revert
          </>
        }
        note="Nothing happens before you have seen what would go."
      >
        {selection && <Command text={revertCommand(search)} />}
      </ScreenHead>
      <Choose key={`choose ${said}`} project={project} search={search} />
      {selection ? (
        <Planned key={`plan ${said}`} project={project} selection={selection} />
      ) : (
        <Empty title="Whose writes, or of when?">
          <p>
            Then it is listed here what is found now and what would be found afterwards, what stays
            because somebody wrote it later, and which sessions have read what goes, with how they
            ended. Looking changes nothing, and a revert can be undone.
          </p>
        </Empty>
      )}
    </div>
  );
}

function Planned({ project, selection }: { project: string; selection: SelectionForm }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const answer = useInfiniteQuery(revertPlan(project, selection));
  const pages = answer.data?.pages ?? [];
  const plan = pages[0];
  const isTorn = pages.some((one) => one.plan_id !== plan?.plan_id);
  const reverting = useMutation({
    mutationFn: (reason: string) => revert(selection, reason, plan?.plan_id ?? ""),
    onSuccess: (made) => {
      void forgetMemory(queries, project);
      say(`${counted(made.writes, "write")} hidden. It can be undone.`);
      void navigate({
        to: "/p/$project/memory/reverts",
        params: { project },
        search: { revert: made.revert_id },
      });
    },
    onError: (error) => {
      if (error instanceof Refused && error.status === 409) void answer.refetch();
    },
  });
  if (answer.isError && !plan) {
    return (
      <Failed
        error={answer.error}
        what="What would happen could not be told."
        retry={() => void answer.refetch()}
      />
    );
  }
  if (!plan) return <Loading rows={8} what="what would go" />;
  return (
    <>
      <PlanShown project={project} plan={plan} pages={pages} more={moreOf(answer)} />
      {!isNothing(plan) && (
        <Confirm
          project={project}
          plan={plan}
          isStale={isTorn}
          isAsking={answer.isFetching && !answer.isFetchingNextPage}
          isPending={reverting.isPending}
          error={reverting.error}
          onLookAgain={() => void answer.refetch()}
          onRevert={(reason) => reverting.mutate(reason)}
        />
      )}
    </>
  );
}

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

function moreOf({ hasNextPage, isFetchingNextPage, fetchNextPage }: Paged) {
  return hasNextPage ? { isPending: isFetchingNextPage, fetch: () => void fetchNextPage() } : null;
}
