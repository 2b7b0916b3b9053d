/** What the viewer may do here, and who can do the rest. */
import { useQuery } from "@tanstack/react-query";
import { standing } from "@/api/settings";
import styles from "./pieces.module.css";

export interface Standing {
  /** False also while it is asked for: nothing may be pressed that would be refused. */
  readonly isAdmin: boolean;
  readonly isOwner: boolean;
  readonly isLocal: boolean;
  readonly isKnown: boolean;
}

export function useStanding(project: string): Standing {
  const { data } = useQuery(standing(project));
  return {
    isAdmin: data?.scopes.includes("admin") ?? false,
    isOwner: data?.owner ?? false,
    isLocal: data?.local_mode ?? false,
    isKnown: data !== undefined,
  };
}

export function OnlyAdmins({ project }: { project: string }) {
  const { isAdmin, isKnown } = useStanding(project);
  if (isAdmin || !isKnown) return null;
  return (
    <p className={styles.notice} role="note">
      Shown to look at. An admin of this project can change it, or give you that role under Access.
    </p>
  );
}
