/** A version of a workflow; a digest is shortened, and whole on hover. */
import { formatVersion } from "@/format";
import css from "./Figures.module.css";
import { visibleText } from "./hostile";

export interface VersionProps {
  readonly version: string | null | undefined;
  readonly workflow?: string | null | undefined;
}

export function Version({ version, workflow }: VersionProps) {
  const shown = version ? visibleText(formatVersion(version), 60) : "no version";
  return (
    <span className={css.figure} title={version ? visibleText(version) : undefined}>
      {workflow && <>{visibleText(workflow, 60)} </>}
      <span className={version ? "" : css.muted}>{shown}</span>
    </span>
  );
}
