/** Who gets what in an environment, as a bar with its words. */
import type { EnvironmentRow } from "@/api/workflows";
import { formatShare } from "@/format";
import { ToVersion } from "./links";
import css from "./Shares.module.css";

interface Props {
  project: string;
  of: Pick<EnvironmentRow, "workflow" | "stable" | "candidate" | "share">;
}

export function Shares({ project, of }: Props) {
  const { workflow, stable, candidate, share } = of;
  const parts = candidate
    ? [
        { version: stable.version, share: 1 - share, look: "stable" },
        { version: candidate.version, share, look: "candidate" },
      ]
    : [{ version: stable.version, share: 1, look: "stable" }];
  return (
    <div className={css.shares}>
      <div className={css.bar} aria-hidden="true">
        {parts.map(
          (part) =>
            part.share > 0 && (
              <span key={part.look} data-look={part.look} style={{ flexGrow: part.share }} />
            ),
        )}
      </div>
      <ul className={css.words}>
        {parts.map((part) => (
          <li key={part.look}>
            <i data-look={part.look} aria-hidden="true" />
            <ToVersion project={project} name={workflow} version={part.version} />{" "}
            {formatShare(part.share)}
            {part.look === "candidate" && <span className={css.muted}> canary</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
