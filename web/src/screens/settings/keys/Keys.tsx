/** The keys of a project: what each may do, when it was last used, and its end. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keys } from "@/api/settings";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { KeyTable } from "./KeyTable";
import { MadeKey } from "./MadeKey";
import { NewKey } from "./NewKey";

export function Keys({ project }: { project: string }) {
  const { isAdmin, isLocal, isKnown } = useStanding(project);
  const list = useQuery({ ...keys(project), enabled: isAdmin });
  const [made, setMade] = useState<{ name: string; secret: string; scopes: string[] } | null>(null);
  return (
    <Page
      title="Keys"
      note={
        isLocal
          ? "On this machine none is needed. One that is sent is judged all the same."
          : "What agents, scripts and the command line on other machines send and read with."
      }
    >
      <OnlyAdmins project={project} />
      {made ? (
        <MadeKey made={made} onKept={() => setMade(null)} />
      ) : (
        <NewKey project={project} isAllowed={isAdmin} onMade={setMade} />
      )}
      <Section title="Keys of this project">
        {isKnown && !isAdmin ? (
          <Empty title="Only admins see the keys." />
        ) : list.isError && !list.data ? (
          <Failed
            error={list.error}
            retry={() => void list.refetch()}
            what="The keys could not be read."
          />
        ) : !list.data ? (
          <Loading rows={3} what="the keys" />
        ) : list.data.keys.length === 0 ? (
          <Empty title="There is no key yet." />
        ) : (
          <KeyTable project={project} keys={list.data.keys} />
        )}
      </Section>
    </Page>
  );
}
