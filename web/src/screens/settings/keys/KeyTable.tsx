/** Keys with their last use; those that still work first. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type KeyShown, keys as keysOf, revokeKey } from "@/api/settings";
import { Button } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { Dialog } from "@/parts/Dialog";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { Instant } from "@/parts/Instant";
import { Failed } from "@/parts/States";
import { say } from "@/parts/Toasts";
import { Command } from "../pieces/Command";
import { word } from "../pieces/shell";

export function KeyTable({ project, keys }: { project: string; keys: readonly KeyShown[] }) {
  const [ending, setEnding] = useState<KeyShown | null>(null);
  const now = Date.now();
  const columns: Column<KeyShown>[] = [
    {
      id: "name",
      title: "Name",
      isName: true,
      grows: true,
      cell: (key) => <HostileText text={key.name} inline />,
    },
    { id: "prefix", title: "Begins", cell: (key) => <code>{key.prefix}…</code> },
    { id: "scopes", title: "May", cell: (key) => key.scopes.join(", ") },
    {
      id: "created",
      title: "Created",
      cell: (key) => <Instant at={key.created_at} fineness="day" />,
    },
    {
      id: "used",
      title: "Last used",
      cell: (key) =>
        key.last_used_at === null ? "never" : <Instant at={key.last_used_at} look="ago" />,
    },
    {
      id: "ends",
      title: "Ends",
      cell: (key) =>
        key.revoked_at !== null ? (
          <>
            revoked <Instant at={key.revoked_at} fineness="day" />
          </>
        ) : key.expires_at === null ? (
          "never"
        ) : (
          <>
            {Date.parse(key.expires_at) <= now && "ended "}
            <Instant at={key.expires_at} fineness="day" />
          </>
        ),
    },
    {
      id: "acts",
      title: <span className="visually-hidden">Acts</span>,
      numeric: true,
      cell: (key) =>
        key.revoked_at === null && (
          <Button
            size="small"
            aria-label={`Revoke key ${visibleText(key.name, 120)}`}
            onPress={() => setEnding(key)}
          >
            Revoke…
          </Button>
        ),
    },
  ];
  const works = (key: KeyShown) =>
    key.revoked_at === null && (key.expires_at === null || Date.parse(key.expires_at) > now);
  return (
    <>
      <DataTable
        columns={columns}
        rows={[...keys.filter(works), ...keys.filter((key) => !works(key))]}
        rowKey={(key) => key.key_id}
        caption="Keys of this project"
      />
      {ending && <Revoke project={project} ending={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

function Revoke({
  project,
  ending,
  onClose,
}: {
  project: string;
  ending: KeyShown;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revokeKey(ending.key_id),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: keysOf(project).queryKey });
      say("The key is revoked.");
      onClose();
    },
  });
  return (
    <Dialog
      title="Revoke this key?"
      isOpen
      onClose={onClose}
      buttons={
        <>
          <Button onPress={onClose}>Keep it</Button>
          <Button look="danger" isPending={revoking.isPending} onPress={() => revoking.mutate()}>
            Revoke key
          </Button>
        </>
      }
    >
      <p>
        <strong>
          <HostileText text={ending.name} inline />
        </strong>{" "}
        (<code>{ending.prefix}…</code>) stops at once and for good. What uses it is refused; spans
        that it sends from then on are lost unless their sender keeps them.{" "}
        {ending.last_used_at === null ? (
          "It was never used."
        ) : (
          <>
            It was last used <Instant at={ending.last_used_at} look="ago" />.
          </>
        )}
      </p>
      {revoking.error && <Failed error={revoking.error} what="The key was not revoked." />}
      <Command text={`quarterdeck keys revoke ${word(ending.key_id)}`} />
    </Dialog>
  );
}
