/** Project and session of the screen, for what asks for more of them. */
import { useParams } from "@tanstack/react-router";

export function usePlace(): { project: string; session: string } {
  const { project = "", session = "" } = useParams({ strict: false });
  return { project, session };
}
