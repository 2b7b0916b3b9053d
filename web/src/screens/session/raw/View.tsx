/**
 * A session as data: its record, one span as it was sent, and the commands that give the same.
 */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useMemo, useState } from "react";
import { projectHeaders, refusal } from "@/api/client";
import { record, type SessionRecord, spanOfRow, spanShown } from "@/api/session";
import { counted, exactCount, formatCount } from "@/format";
import { Button } from "@/parts/Button";
import { CodeBlock } from "@/parts/CodeBlock";
import { CopyButton } from "@/parts/CopyButton";
import { HostileText } from "@/parts/HostileText";
import { Section } from "@/parts/Section";
import { Failed, Loading } from "@/parts/States";
import { useModel, useStep } from "../model";
import { cli, curl, exportPath, filename, type Place, sessionPath, spanPath } from "./commands";
import css from "./View.module.css";

export function View() {
  const { project = "", session = "" } = useParams({ strict: false });
  const asked = useQuery(record(project, session));
  const place = { origin: window.location.origin, project, session };
  return (
    <div className={css.page}>
      <div className={css.column}>
        <SpanAsSent place={place} />
        {asked.isError ? (
          <Failed error={asked.error} retry={() => void asked.refetch()} />
        ) : asked.data ? (
          <Record record={asked.data} />
        ) : (
          <Loading rows={10} rowHeight="compact" />
        )}
      </div>
      <div className={css.column}>
        <Commands place={place} />
        {asked.data && <Traces ids={asked.data.trace_ids} />}
      </div>
    </div>
  );
}

function Record({ record: told }: { record: SessionRecord }) {
  const text = useMemo(() => JSON.stringify(told, null, 2), [told]);
  const save = () =>
    saveAs(new Blob([text], { type: "application/json" }), filename(told.session_id, "json"));
  return (
    <Section
      title="The session's record"
      aside={
        <Button size="small" icon={<Download aria-hidden />} onPress={save}>
          Download
        </Button>
      }
    >
      <CodeBlock text={text} label="session record" />
    </Section>
  );
}

function SpanAsSent({ place }: { place: Place }) {
  const model = useModel();
  const step = useStep();
  const row = model.rowOfStep[step] ?? -1;
  const ids = useQuery(spanOfRow(place.project, place.session, row));
  const span = useQuery(spanShown(place.project, ids.data?.trace ?? "", ids.data?.span ?? ""));
  const failure = ids.error ?? span.error;
  const text = useMemo(() => JSON.stringify(span.data?.raw, null, 2), [span.data]);
  if (row < 0) return null;
  return (
    <Section
      title={`The span of step ${exactCount(step)}, as it was sent`}
      note="Next and previous step with j and k, here too."
    >
      {failure ? (
        <Failed error={failure} retry={() => void (ids.error ? ids : span).refetch()} />
      ) : span.data && ids.data ? (
        <>
          <CodeBlock text={text} label="span as sent" />
          <div className={css.command}>
            <CodeBlock
              text={curl(place, spanPath(ids.data.trace, ids.data.span))}
              label="command for this span"
            />
          </div>
        </>
      ) : (
        <Loading rows={8} rowHeight="compact" />
      )}
    </Section>
  );
}

function Commands({ place }: { place: Place }) {
  return (
    <Section
      title="The same from a shell"
      note="A server on this machine without accounts needs no key."
    >
      <div className={css.commands}>
        <CodeBlock title="This record" text={cli(place, "show")} label="command for the record" />
        <CodeBlock text={curl(place, sessionPath(place.session))} label="request for the record" />
        <CodeBlock
          title="All spans with their payloads"
          text={cli(place, "export")}
          label="command for the export"
        />
        <CodeBlock text={curl(place, exportPath(place.session))} label="request for the export" />
        <Export place={place} />
      </div>
    </Section>
  );
}

function Export({ place }: { place: Place }) {
  const [state, setState] = useState<"idle" | "busy">("idle");
  const [failure, setFailure] = useState<unknown>(null);
  const start = async () => {
    setState("busy");
    setFailure(null);
    try {
      const answer = await fetch(`/api/v1${exportPath(place.session)}`, {
        headers: projectHeaders(),
      });
      if (!answer.ok) throw refusal(answer.status, await answer.json().catch(() => undefined));
      saveAs(await answer.blob(), filename(place.session));
    } catch (error) {
      setFailure(error);
    }
    setState("idle");
  };
  return (
    <>
      <div>
        <Button
          icon={<Download aria-hidden />}
          isDisabled={state === "busy"}
          onPress={() => void start()}
        >
          {state === "busy" ? "Reading all spans…" : "Download all spans (NDJSON)"}
        </Button>
      </div>
      {failure !== null && <Failed error={failure} retry={() => void start()} />}
    </>
  );
}

const FIRST = 20;

function Traces({ ids }: { ids: readonly string[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? ids : ids.slice(0, FIRST);
  return (
    <Section title="Traces" aside={counted(ids.length, "trace")}>
      <ul className={css.traces}>
        {shown.map((id) => (
          <li key={id}>
            <HostileText text={id} mono inline />
            <CopyButton text={id} what="trace id" />
          </li>
        ))}
      </ul>
      {ids.length > shown.length && (
        <Button look="quiet" size="small" onPress={() => setWhole(true)}>
          Show {formatCount(ids.length - shown.length)} more
        </Button>
      )}
    </Section>
  );
}

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it by then; kept, it would hold the memory as long as the page.
  setTimeout(() => URL.revokeObjectURL(link.href), 30_000);
}
