/** Members with their role: chosen here, it counts at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type Member,
  members as membersOf,
  type Role,
  removeMember,
  setMember,
} from "@/api/settings";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { Dialog } from "@/parts/Dialog";
import { HostileText } from "@/parts/HostileText";
import { Select } from "@/parts/Select";
import { Failed } from "@/parts/States";
import { say } from "@/parts/Toasts";
import { Command } from "../pieces/Command";
import { word } from "../pieces/shell";
import { ROLES } from "./roles";

export function MemberTable({ project, members }: { project: string; members: readonly Member[] }) {
  const queries = useQueryClient();
  const [leaving, setLeaving] = useState<Member | null>(null);
  const read = () => queries.invalidateQueries({ queryKey: membersOf(project).queryKey });
  const changing = useMutation({
    mutationFn: ({ email, role }: { email: string; role: Role }) => setMember(email, role),
    onSuccess: ({ email, role }) => {
      void read();
      say(`${email} is ${role} now.`);
    },
  });
  const columns: Column<Member>[] = [
    {
      id: "email",
      title: "Member",
      isName: true,
      grows: true,
      cell: (member) => <HostileText text={member.email} inline />,
    },
    {
      id: "role",
      title: "Role",
      width: "140px",
      cell: (member) => (
        <Select
          label={`Role of ${member.email}`}
          hideLabel
          size="small"
          choices={ROLES}
          value={member.role}
          isDisabled={changing.isPending}
          onChange={(role) => {
            if (role !== member.role) changing.mutate({ email: member.email, role });
          }}
        />
      ),
    },
    {
      id: "acts",
      title: <span className="visually-hidden">Acts</span>,
      numeric: true,
      cell: (member) => (
        <Button
          size="small"
          aria-label={`Remove ${member.email}`}
          onPress={() => setLeaving(member)}
        >
          Remove…
        </Button>
      ),
    },
  ];
  return (
    <>
      <DataTable
        columns={columns}
        rows={members}
        rowKey={(member) => member.account_id}
        caption="Members of this project"
      />
      {changing.error && <Failed error={changing.error} what="The role was not changed." />}
      {leaving && (
        <Leave project={project} member={leaving} onClose={() => setLeaving(null)} onDone={read} />
      )}
    </>
  );
}

interface LeaveProps {
  project: string;
  member: Member;
  onClose: () => void;
  onDone: () => Promise<void>;
}

function Leave({ project, member, onClose, onDone }: LeaveProps) {
  const removing = useMutation({
    mutationFn: () => removeMember(member.account_id),
    onSuccess: () => {
      void onDone();
      say(`${member.email} has no role here any more.`);
      onClose();
    },
  });
  return (
    <Dialog
      title="Take the role away?"
      isOpen
      onClose={onClose}
      buttons={
        <>
          <Button onPress={onClose}>Keep it</Button>
          <Button look="danger" isPending={removing.isPending} onPress={() => removing.mutate()}>
            Remove member
          </Button>
        </>
      }
    >
      <p>
        <HostileText text={member.email} inline /> is {member.role} here and will not see this
        project any more. The account stays, and so do the keys that it made.
      </p>
      {removing.error && <Failed error={removing.error} what="The role was not taken away." />}
      <Command
        text={`quarterdeck users role ${word(member.email)} none --project ${word(project)}`}
      />
    </Dialog>
  );
}
