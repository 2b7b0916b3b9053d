/** The way from a figure, an act or an error to its step in the replay. */
import { Link, useParams } from "@tanstack/react-router";
import { exactCount, formatCount } from "@/format";

export interface StepLinkProps {
  readonly step: number;
  /** Instead of "step 412". */
  readonly text?: string;
}

export function StepLink({ step, text }: StepLinkProps) {
  const { project = "", session = "" } = useParams({ strict: false });
  return (
    <Link
      to="/p/$project/sessions/$session/$view"
      params={{ project, session, view: "replay" }}
      search={{ step }}
    >
      {text ?? `step ${exactCount(step)}`}
    </Link>
  );
}

/** The first few of many steps, and how many more there are. */
export function StepLinks({
  steps,
  count,
  most = 3,
}: {
  steps: readonly number[];
  count: number;
  most?: number;
}) {
  const shown = steps.slice(0, most);
  if (shown.length === 0) return null;
  const rest = count - shown.length;
  return (
    <>
      {shown.map((step, at) => (
        <span key={step}>
          {at > 0 && " · "}
          <StepLink step={step} text={exactCount(step)} />
        </span>
      ))}
      {rest > 0 && ` · ${formatCount(rest)} more`}
    </>
  );
}
