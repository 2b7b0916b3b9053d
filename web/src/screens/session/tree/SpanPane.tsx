/** One span: what was sent, what each attribute was read as, and what could not be read. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type SpanShown, spanOfRow, spanShown } from "@/api/session";
import { useKeys } from "@/app/keys/useKeys";
import { counted } from "@/format";
import { ToggleButton } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { CopyButton } from "@/parts/CopyButton";
import { Disclosure } from "@/parts/Disclosure";
import { Duration } from "@/parts/Duration";
import { HostileText } from "@/parts/HostileText";
import { Instant } from "@/parts/Instant";
import { KindMark } from "@/parts/KindMark";
import { Failed, Loading } from "@/parts/States";
import { StatusBadge } from "@/parts/StatusBadge";
import type { Model } from "../model";
import { attributeLines, fieldLines, type Line } from "./facts";
import css from "./View.module.css";

export interface SpanPaneProps {
  readonly project: string;
  readonly session: string;
  readonly row: number;
  readonly model: Model;
}

/** Rows that are only passed by on the way are not asked for. */
const QUIET = 140; // ms

export function SpanPane({ project, session, row, model }: SpanPaneProps) {
  const settled = useQuiet(row);
  const [isRaw, setRaw] = useState(false);
  const ids = useQuery(spanOfRow(project, session, settled));
  const span = useQuery({
    ...spanShown(project, ids.data?.trace ?? "", ids.data?.span ?? ""),
    placeholderData: keepPreviousData,
  });
  useKeys({ raw: () => setRaw((before) => !before) });
  const failure = ids.error ?? span.error;
  if (row < 0) {
    return (
      <section className={css.pane} aria-label="Span">
        <p className={css.note}>Choose a span to see what was sent.</p>
      </section>
    );
  }
  return (
    <section className={css.pane} aria-label="Span" aria-busy={span.isPlaceholderData || undefined}>
      {failure ? (
        <Failed
          error={failure}
          what="This span could not be read."
          retry={() => void (ids.error ? ids : span).refetch()}
        />
      ) : span.data ? (
        <Shown told={span.data} isRaw={isRaw} setRaw={setRaw} step={model.step[row] ?? 0} />
      ) : (
        <Loading rows={10} rowHeight="compact" />
      )}
    </section>
  );
}

function useQuiet(row: number): number {
  const [settled, setSettled] = useState(row);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(row), QUIET);
    return () => clearTimeout(timer);
  }, [row]);
  return settled;
}

interface ShownProps {
  readonly told: SpanShown;
  readonly isRaw: boolean;
  readonly setRaw: (isRaw: boolean) => void;
  readonly step: number;
}

function Shown({ told, isRaw, setRaw, step }: ShownProps) {
  const { span, raw } = told;
  return (
    <>
      <header className={css.title}>
        <h2>
          <KindMark kind={span.kind} text="" />
          <HostileText text={span.name ?? raw.name ?? ""} inline />
        </h2>
        <StatusBadge status={span.status} />
        <ToggleButton size="small" isSelected={isRaw} onChange={setRaw}>
          Raw
        </ToggleButton>
      </header>
      <dl className={css.facts}>
        <Fact name="Began">
          <Instant at={span.started_at} fineness="millisecond" />
        </Fact>
        <Fact name="Took">{span.end_ns ? <Duration ns={lengthOf(span)} /> : "still open"}</Fact>
        <Fact name="Span">
          <Id id={span.span_id} what="span id" />
        </Fact>
        <Fact name="Parent">
          {raw.parent_span_id ? <Id id={raw.parent_span_id} what="parent's id" /> : "none was sent"}
        </Fact>
        <Fact name="Trace">
          <Id id={span.trace_id} what="trace id" />
        </Fact>
        {step === 0 && <Fact name="Step">none: it only holds others together</Fact>}
      </dl>
      {(span.error_type || span.error_message) && (
        <div className={css.error}>
          {span.error_type && (
            <strong>
              <HostileText text={span.error_type} inline />
            </strong>
          )}
          {span.error_message && <HostileText text={span.error_message} mono max={2_000} />}
        </div>
      )}
      {isRaw ? (
        <CodeBlock text={JSON.stringify(raw, null, 2)} label="span as sent" />
      ) : (
        <Parts told={told} />
      )}
    </>
  );
}

function lengthOf(span: SpanShown["span"]): string {
  return String(BigInt(span.end_ns ?? 0) - BigInt(span.start_ns ?? 0));
}

function Parts({ told }: { told: SpanShown }) {
  const { span, raw, explain, content } = told;
  const fields = fieldLines(span, explain);
  const attributes = attributeLines(raw.attributes);
  const resource = attributeLines(raw.resource?.attributes);
  const problems = span.problems ?? [];
  const findings = span.findings ?? [];
  const hasContent = Object.keys(content).length > 0;
  const dropped =
    (raw.dropped_attributes ?? 0) + (raw.dropped_events ?? 0) + (raw.dropped_links ?? 0);
  return (
    <>
      {(problems.length > 0 || findings.length > 0 || dropped > 0) && (
        <Disclosure title="Problems" startsOpen aside={problems.length + findings.length || ""}>
          <ul className={css.problems}>
            {problems.map((one) => (
              <li key={`${one.key} ${one.message}`}>
                <HostileText text={one.key} mono inline /> <HostileText text={one.message} />
              </li>
            ))}
            {findings.map((one) => (
              <li key={`${one.code} ${one.message}`}>
                <code>{one.code}</code> <HostileText text={one.message} />
              </li>
            ))}
            {dropped > 0 && (
              <li>The sender's limits dropped {counted(dropped, "entry", "entries")}.</li>
            )}
          </ul>
        </Disclosure>
      )}
      <Disclosure title="Attributes as sent" startsOpen aside={attributes.length}>
        <Lines lines={attributes} none="No attribute was sent." />
      </Disclosure>
      <Disclosure title="Read as" startsOpen aside={fields.length}>
        <Lines lines={fields} none="Nothing in it is known to us." />
      </Disclosure>
      {hasContent && (
        <Disclosure title="Content as read">
          <CodeBlock text={JSON.stringify(content, null, 2)} label="content as read" />
        </Disclosure>
      )}
      {raw.events && raw.events.length > 0 && (
        <Disclosure title="Events" aside={raw.events.length}>
          <CodeBlock text={JSON.stringify(raw.events, null, 2)} label="events" />
        </Disclosure>
      )}
      {raw.links && raw.links.length > 0 && (
        <Disclosure title="Links" aside={raw.links.length}>
          <CodeBlock text={JSON.stringify(raw.links, null, 2)} label="links" />
        </Disclosure>
      )}
      <Disclosure title="Resource and scope" aside={resource.length}>
        <Lines lines={resource} none="No resource was sent." />
        {raw.resource?.scope_name && (
          <Lines lines={[{ name: "scope", value: scopeOf(raw.resource) }]} none="" />
        )}
      </Disclosure>
    </>
  );
}

function scopeOf(resource: NonNullable<SpanShown["raw"]["resource"]>): string {
  return [resource.scope_name, resource.scope_version].filter(Boolean).join(" ");
}

function Lines({ lines, none }: { lines: readonly Line[]; none: string }) {
  if (lines.length === 0) return <p className={css.note}>{none}</p>;
  return (
    <dl className={css.lines}>
      {lines.map((line) => (
        <div key={line.name}>
          <dt>
            <HostileText text={line.name} mono />
            {line.from && (
              <span className={css.from}>
                from <HostileText text={line.from} mono inline />
              </span>
            )}
          </dt>
          <dd>
            <HostileText text={line.value} mono max={2_000} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Id({ id, what }: { id: string; what: string }) {
  return (
    <span className={css.id}>
      <HostileText text={id} mono inline />
      <CopyButton text={id} what={what} />
    </span>
  );
}
