/**
 * A version of a workflow; a digest is shortened, and whole on hover. With a project it leads to the
 * version's page.
 */
import { Link } from "@tanstack/react-router";
import { segment } from "@/app/address";
import { formatVersion } from "@/format";
import css from "./Figures.module.css";
import { visibleText } from "./hostile";

export interface VersionProps {
  readonly version: string | null | undefined;
  readonly workflow?: string | null | undefined;
  /** Given, with a workflow = a link. */
  readonly project?: string;
  /** The workflow's name is not written: it stands beside already. */
  readonly hidesWorkflow?: boolean;
  /** -1 where the focus is moved by what it stands in. */
  readonly tabIndex?: number;
}

export function Version({
  version,
  workflow,
  project,
  hidesWorkflow = false,
  tabIndex,
}: VersionProps) {
  const shown = version ? visibleText(formatVersion(version), 60) : "no version";
  const words = (
    <>
      {workflow && !hidesWorkflow && <>{visibleText(workflow, 60)} </>}
      <span className={version ? "" : css.muted}>{shown}</span>
    </>
  );
  const about = {
    className: css.figure,
    title: version ? visibleText(version) : undefined,
  };
  if (!project || !workflow) return <span {...about}>{words}</span>;
  const focus = tabIndex === undefined ? {} : { tabIndex };
  return version ? (
    <Link
      to="/p/$project/workflows/$workflow/versions/$version"
      params={{ project, workflow: segment(workflow), version: segment(version) }}
      {...about}
      {...focus}
    >
      {words}
    </Link>
  ) : (
    <Link
      to="/p/$project/workflows/$workflow"
      params={{ project, workflow: segment(workflow) }}
      {...about}
      {...focus}
    >
      {words}
    </Link>
  );
}
