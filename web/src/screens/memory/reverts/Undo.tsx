/** Takes a revert back, after saying what that does. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { forgetMemory, type Revert, undo } from "@/api/memory";
import { counted } from "@/format";
import { Button } from "@/parts/Button";
import { Dialog } from "@/parts/Dialog";
import { HostileText } from "@/parts/HostileText";
import { Failed } from "@/parts/States";
import { say } from "@/parts/Toasts";
import page from "../pieces/Memory.module.css";

interface Props {
  project: string;
  of: Revert;
  onClose: () => void;
}

export function Undo({ project, of, onClose }: Props) {
  const queries = useQueryClient();
  const undoing = useMutation({
    mutationFn: () => undo(of.revert_id),
    onSuccess: () => {
      void forgetMemory(queries, project);
      say("The revert is undone.");
      onClose();
    },
    // Somebody else was quicker: the list says who.
    onError: () => void forgetMemory(queries, project),
  });
  return (
    <Dialog
      title="Undo a revert"
      isOpen
      onClose={onClose}
      buttons={
        <>
          <Button onPress={onClose}>Leave it</Button>
          <Button
            look="primary"
            autoFocus
            isPending={undoing.isPending}
            onPress={() => undoing.mutate()}
          >
            Show {counted(of.writes, "write")} again
          </Button>
        </>
      }
    >
      <p>
        {counted(of.writes, "write")} will be seen again
        {of.shows > 0 && `, and ${counted(of.shows, "write")} hidden as before`}. What somebody
        wrote since stays what is found.
      </p>
      {of.reason && (
        <p className={page.muted}>
          It was made for: <HostileText text={`“${of.reason}”`} max={600} />
        </p>
      )}
      {undoing.error && <Failed error={undoing.error} what="Nothing was undone." />}
    </Dialog>
  );
}
