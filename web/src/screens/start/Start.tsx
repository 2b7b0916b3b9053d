/** `/`: the project that was looked at last, or the first one; welcome, while nothing arrived. */
import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { Refused, speakOf } from "@/api/client";
import { intake } from "@/api/intake";
import { me, projects } from "@/api/people";
import { lastProject } from "@/app/last-project";

export function Start() {
  const who = useQuery(me);
  const mine = useQuery(projects);
  if (who.error instanceof Refused && who.error.status === 401) return <Navigate to="/login" />;
  if (!mine.data) return null;
  const known = mine.data.projects.map((one) => one.project_id);
  const last = lastProject();
  const project = last !== null && known.includes(last) ? last : (known[0] ?? "default");
  return <Arrived project={project} />;
}

function Arrived({ project }: { project: string }) {
  speakOf(project);
  const { data, isError } = useQuery(intake(project));
  if (!data && !isError) return null;
  const nothing = data !== undefined && !data.arrived;
  return (
    <Navigate
      to={nothing ? "/p/$project/welcome" : "/p/$project/overview"}
      params={{ project }}
      replace
    />
  );
}
