/** Arguments as fields: a name, a value. Short ones in a line, long ones folded. */
import type { components } from "@/api/schema";
import { formatBytes } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { Bounded } from "./Bounded";
import css from "./Entries.module.css";

export type NamedValue = components["schemas"]["NamedValue"];

const MOST = 24;

export function Fields({
  fields,
  step,
  which = "",
}: {
  fields: readonly NamedValue[];
  step: number;
  which?: string;
}) {
  if (fields.length === 0) return null;
  return (
    <dl className={css.fields}>
      {fields.slice(0, MOST).map((field) => (
        <div key={field.name} className={css.field}>
          <dt>
            <HostileText text={field.name} inline max={60} />
          </dt>
          <dd data-kind={field.kind}>
            <Value field={field} step={step} which={`${which}.${field.name}`} />
          </dd>
        </div>
      ))}
      {fields.length > MOST && (
        <p className={css.gap}>{fields.length - MOST} more fields, under Raw</p>
      )}
    </dl>
  );
}

function Value({ field, step, which }: { field: NamedValue; step: number; which: string }) {
  const { value } = field;
  const [data] = value.omitted;
  if (field.kind === "data" && data) {
    return (
      <span className={css.media}>
        {data.omitted}, {formatBytes(data.bytes)}, not shown
      </span>
    );
  }
  if (field.kind === "null") return <span className={css.media}>null</span>;
  return <Bounded text={value} step={step} sort="arguments" which={which} lines={3} mono />;
}
