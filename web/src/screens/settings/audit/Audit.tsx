/** Who changed what, newest first; who owns the server also sees logins and accounts. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { audit } from "@/api/settings";
import { useKeys } from "@/app/keys/useKeys";
import { useZone } from "@/app/time";
import { counted, zoneName } from "@/format";
import { Button } from "@/parts/Button";
import { SearchField } from "@/parts/SearchField";
import { Select } from "@/parts/Select";
import { Empty, Failed, FilteredEmpty, Loading, NotAllowed } from "@/parts/States";
import { Command } from "../pieces/Command";
import { Page } from "../pieces/Page";
import { useStanding } from "../pieces/Standing";
import { AuditTable } from "./AuditTable";
import styles from "./audit.module.css";
import { matching } from "./rows";

const WHOSE = [
  { id: "project", text: "This project" },
  { id: "server", text: "The whole server" },
] as const;

export function Audit({ project }: { project: string }) {
  const search = useSearch({ strict: false }) as { q?: string; of?: "server" };
  const navigate = useNavigate();
  const { isAdmin, isOwner, isKnown } = useStanding(project);
  const of = search.of === "server" ? "server" : "project";
  const answer = useInfiniteQuery({ ...audit(project, of), enabled: isAdmin });
  const zone = useZone();
  const field = useRef<HTMLInputElement>(null);
  useKeys({
    filter: (event) => {
      event.preventDefault();
      field.current?.focus();
    },
  });
  const go = (next: { q?: string; of?: "server" }) =>
    void navigate({
      to: "/p/$project/settings/$section",
      params: { project, section: "audit" },
      search: next,
      replace: true,
    });
  const rows = answer.data?.pages.flatMap((page) => page.audit) ?? [];
  const shown = matching(rows, search.q ?? "");
  const path = of === "server" ? "server/audit" : "audit";
  return (
    <Page title="Audit log" note={`Who changed what, newest first. Times: ${zoneName(zone)}.`}>
      {isKnown && !isAdmin ? (
        <NotAllowed needs="admin" />
      ) : (
        <>
          <div className={styles.filter}>
            {isOwner && (
              <Select
                label="Whose changes"
                hideLabel
                choices={WHOSE}
                value={of}
                onChange={(id) =>
                  go({
                    ...search,
                    ...(id === "server" ? { of: id } : {}),
                    ...(id === "project" ? { of: undefined as never } : {}),
                  })
                }
              />
            )}
            <div className={styles.search}>
              <SearchField
                label="Find in the rows that are shown"
                placeholder="Find in these rows"
                value={search.q ?? ""}
                onChange={(q) =>
                  go({ ...(search.of ? { of: search.of } : {}), ...(q ? { q } : {}) })
                }
                inputRef={field}
              />
            </div>
          </div>
          {answer.isError && !answer.data ? (
            <Failed
              error={answer.error}
              retry={() => void answer.refetch()}
              what="The audit could not be read."
            />
          ) : !answer.data ? (
            <Loading rows={10} rowHeight="compact" what="the audit" />
          ) : rows.length === 0 ? (
            <Empty title="Nothing was changed yet." />
          ) : (
            <>
              {shown.length === 0 ? (
                <FilteredEmpty
                  title="No row has these words."
                  otherwise={`${counted(rows.length, "row")} were read${answer.hasNextPage ? "; older ones were not" : ""}.`}
                />
              ) : (
                <AuditTable rows={shown} />
              )}
              {answer.hasNextPage && (
                <div>
                  <Button
                    isPending={answer.isFetchingNextPage}
                    onPress={() => void answer.fetchNextPage()}
                  >
                    Show older
                  </Button>
                </div>
              )}
            </>
          )}
          <Command
            text={`curl "$QUARTERDECK_URL/api/v1/${path}" -H "authorization: Bearer $QUARTERDECK_API_KEY"`}
          />
        </>
      )}
    </Page>
  );
}
