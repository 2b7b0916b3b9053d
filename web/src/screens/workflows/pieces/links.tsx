/** Links to a workflow and to one of its versions. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { segment } from "@/app/address";
import { HostileText } from "@/parts/HostileText";
import { named } from "../words/moves";

export function ToWorkflow({ project, name }: { project: string; name: string }) {
  return (
    <Link to="/p/$project/workflows/$workflow" params={{ project, workflow: segment(name) }}>
      <HostileText text={name} inline max={120} />
    </Link>
  );
}

interface Props {
  project: string;
  name: string;
  version: number | string;
  children?: ReactNode;
}

export function ToVersion({ project, name, version, children }: Props) {
  return (
    <Link
      to="/p/$project/workflows/$workflow/versions/$version"
      params={{ project, workflow: segment(name), version: segment(String(version)) }}
    >
      {children ?? named(version)}
    </Link>
  );
}

export function ToWorkflows({ project }: { project: string }) {
  return (
    <Link to="/p/$project/workflows" params={{ project }}>
      Workflows
    </Link>
  );
}
