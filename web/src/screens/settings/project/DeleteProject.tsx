/** The end of a project: what goes, in numbers, and then its name has to be typed. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { deleteProject, keys, members, retentionPreview } from "@/api/settings";
import { counted } from "@/format";
import { Button } from "@/parts/Button";
import { ConfirmByName } from "@/parts/Dialog";
import { Failed } from "@/parts/States";
import { say } from "@/parts/Toasts";
import { Command } from "../pieces/Command";
import { useStanding } from "../pieces/Standing";
import { word } from "../pieces/shell";
import styles from "./project.module.css";

const DEFAULT = "default";

export function DeleteProject({ project, name }: { project: string; name: string }) {
  const { isAdmin } = useStanding(project);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const lost = useLost(project, isAdmin);
  const deleting = useMutation({
    mutationFn: () => deleteProject(project),
    onSuccess: async () => {
      setOpen(false);
      say(project === DEFAULT ? "The project is emptied." : `Project ${name} is deleted.`);
      await navigate({ to: "/" });
      queries.clear();
    },
    onError: () => setOpen(false),
  });
  return (
    <div className={styles.delete}>
      <p>{lost}</p>
      {project === DEFAULT && (
        <p className={styles.hint}>
          The project default is made again at once, empty and with the usual settings.
        </p>
      )}
      <div>
        <Button look="danger" isDisabled={!isAdmin} onPress={() => setOpen(true)}>
          Delete project…
        </Button>
      </div>
      <Command text={`quarterdeck projects delete ${word(project)}`} />
      {deleting.error && <Failed error={deleting.error} what="The project was not deleted." />}
      <ConfirmByName
        title={`Delete ${project}?`}
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        name={project}
        act="Delete project"
        onConfirm={() => deleting.mutate()}
        isPending={deleting.isPending}
      >
        <p>{lost}</p>
      </ConfirmByName>
    </div>
  );
}

/** In numbers, as far as they are known. */
function useLost(project: string, isAdmin: boolean): string {
  const sessions = useQuery({ ...retentionPreview(project, 0), enabled: isAdmin });
  const given = useQuery({ ...keys(project), enabled: isAdmin });
  const people = useQuery({ ...members(project), enabled: isAdmin });
  const working = given.data?.keys.filter((key) => key.revoked_at === null).length;
  const lost = [
    sessions.data
      ? counted(sessions.data.kept_sessions + sessions.data.sessions, "session")
      : "all sessions",
    working === undefined ? "all keys" : counted(working, "working key"),
    people.data
      ? counted(people.data.members.length, "member's role", "members' roles")
      : "all roles",
    "the settings",
  ];
  return `${lost.slice(0, -1).join(", ")} and ${lost.at(-1)} will be lost. What uses the keys is refused at once. Nothing of it can be recovered; backups made earlier still hold it.`;
}
