/** Who may do what in this project; for who owns the server, also who may log in at all. */
import { useQuery } from "@tanstack/react-query";
import { accounts, members } from "@/api/settings";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";
import { Command } from "../pieces/Command";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { AccountTable } from "./AccountTable";
import { AddMember } from "./AddMember";
import styles from "./access.module.css";
import { MemberTable } from "./MemberTable";
import { NewAccount } from "./NewAccount";
import { RoleMatrix } from "./RoleMatrix";

export function Access({ project }: { project: string }) {
  const { isLocal, isOwner } = useStanding(project);
  return (
    <Page title="Access" note="Who may log in, and what each may do here.">
      <OnlyAdmins project={project} />
      {isLocal ? <Local /> : <Members project={project} />}
      <RoleMatrix />
      {isOwner && !isLocal && <Accounts />}
    </Page>
  );
}

function Local() {
  return (
    <>
      <div className={styles.local}>
        <p>
          <strong>This server is in local mode.</strong> It listens on this machine alone and has no
          account, so whoever uses this machine may do everything, without a key. The first account
          ends that: from then on everybody logs in, and programs need keys.
        </p>
        <Command text="quarterdeck users create ada@example.com" />
      </div>
      <NewAccount isFirst />
    </>
  );
}

function Members({ project }: { project: string }) {
  const { isAdmin, isKnown } = useStanding(project);
  const list = useQuery({ ...members(project), enabled: isAdmin });
  return (
    <Section
      title="Members"
      note="Accounts with a role in this project. Who owns the server is an admin of every project."
    >
      {isKnown && !isAdmin ? (
        <Empty title="Only admins see the members." />
      ) : list.isError && !list.data ? (
        <Failed
          error={list.error}
          retry={() => void list.refetch()}
          what="The members could not be read."
        />
      ) : !list.data ? (
        <Loading rows={3} what="the members" />
      ) : list.data.members.length === 0 ? (
        <Empty title="Nobody has a role here yet." />
      ) : (
        <MemberTable project={project} members={list.data.members} />
      )}
      <AddMember project={project} isAllowed={isAdmin} />
    </Section>
  );
}

function Accounts() {
  const list = useQuery(accounts);
  return (
    <Section title="Accounts" note="Everybody who may log in to this server.">
      {list.isError && !list.data ? (
        <Failed
          error={list.error}
          retry={() => void list.refetch()}
          what="The accounts could not be read."
        />
      ) : !list.data ? (
        <Loading rows={3} what="the accounts" />
      ) : (
        <AccountTable accounts={list.data.accounts} />
      )}
      <NewAccount isFirst={false} />
    </Section>
  );
}
