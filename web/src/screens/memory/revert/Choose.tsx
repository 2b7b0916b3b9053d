/** Whose writes, and when: what the address of the plan holds. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { namespaces } from "@/api/memory";
import { checkpoints } from "@/api/workflows";
import { given } from "@/app/address";
import { Button } from "@/parts/Button";
import { ComboBox } from "@/parts/ComboBox";
import { visibleText } from "@/parts/hostile";
import { type Choice, Select } from "@/parts/Select";
import { TextField } from "@/parts/TextField";
import { type RevertSearch, read, type Way, written } from "../address";
import { environmentWords } from "../words/places";
import { instantError, wayOf } from "../words/selection";
import css from "./Revert.module.css";

const WAYS: readonly Choice<Way>[] = [
  { id: "session", text: "what a session wrote" },
  { id: "version", text: "what a version wrote" },
  { id: "user", text: "what was written for a user" },
  { id: "time", text: "what was written in a time" },
  { id: "checkpoint", text: "back to a checkpoint" },
];
const ALL = "all";

interface Props {
  project: string;
  search: RevertSearch;
}

export function Choose({ project, search }: Props) {
  const navigate = useNavigate({ from: "/p/$project/memory/revert" });
  const [way, setWay] = useState<Way>(wayOf(search));
  const [form, setForm] = useState({
    session: search.session ?? "",
    workflow: search.workflow ?? "",
    version: search.version === undefined ? "" : String(search.version),
    user: search.user ?? "",
    since: search.since ?? "",
    until: search.until ?? "",
    checkpoint: search.checkpoint ?? "",
    environment: search.environment ?? ALL,
    namespace: search.namespace ?? ALL,
  });
  const set = (field: keyof typeof form) => (value: string) =>
    setForm((before) => ({ ...before, [field]: value }));
  const marks = useQuery(checkpoints(project)).data?.checkpoints ?? [];
  const spaces = useQuery(namespaces(project)).data?.namespaces ?? [];

  const sinceError = instantError(form.since.trim());
  const untilError = instantError(form.until.trim());
  const versionError = /^\d{0,9}$/.test(form.version.trim()) ? undefined : "A number, as 14.";
  const needed = {
    session: "session",
    version: "workflow",
    user: "user",
    time: "",
    checkpoint: "checkpoint",
  }[way];
  const isSaid =
    way === "time"
      ? form.since.trim() !== "" || form.until.trim() !== ""
      : form[needed as keyof typeof form].trim() !== "";
  const mayGo = isSaid && !sinceError && !untilError && !versionError;

  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!mayGo) return;
    const own = (field: keyof typeof form, of: Way) =>
      way === of ? form[field].trim() || undefined : undefined;
    const version = own("version", "version");
    const isBack = way === "checkpoint";
    void navigate({
      search: given({
        by: way,
        session: own("session", "session"),
        workflow: own("workflow", "version"),
        version: version === undefined ? undefined : Number(version),
        user: own("user", "user"),
        checkpoint: own("checkpoint", "checkpoint"),
        since: isBack ? undefined : form.since.trim() || undefined,
        until: isBack ? undefined : form.until.trim() || undefined,
        environment: form.environment === ALL ? undefined : form.environment,
        namespace: form.namespace === ALL ? undefined : form.namespace,
      }),
    });
  };

  return (
    <form className={css.choose} onSubmit={send} aria-label="Which writes">
      <Select label="Revert" choices={WAYS} value={way} onChange={setWay} />
      {way === "session" && (
        <TextField
          label="Session"
          mono
          value={form.session}
          onChange={set("session")}
          autoComplete="off"
        />
      )}
      {way === "version" && (
        <>
          <TextField
            label="Workflow"
            value={form.workflow}
            onChange={set("workflow")}
            autoComplete="off"
          />
          <TextField
            label="Version"
            value={form.version}
            onChange={set("version")}
            inputMode="numeric"
            placeholder="every version"
            error={versionError}
          />
        </>
      )}
      {way === "user" && (
        <TextField label="User" value={form.user} onChange={set("user")} autoComplete="off" />
      )}
      {way === "checkpoint" ? (
        <ComboBox
          label="Checkpoint"
          choices={marks.map((one) => ({
            id: one.checkpoint_id,
            text: visibleText(one.name, 60),
          }))}
          value={form.checkpoint}
          onChange={set("checkpoint")}
          allowsCustom
        />
      ) : (
        <>
          <TextField
            label={way === "time" ? "Since" : "Only since"}
            value={form.since}
            onChange={set("since")}
            placeholder={way === "time" ? "24h, or 2026-04-12T10:15Z" : "ever"}
            error={sinceError}
          />
          <TextField
            label="Until"
            value={form.until}
            onChange={set("until")}
            placeholder="now"
            error={untilError}
          />
        </>
      )}
      {spaces.length > 0 && (
        <>
          <Select
            label="In environment"
            choices={placesOf(
              spaces.map((one) => one.environment),
              search.environment === undefined ? [] : [read(search.environment) ?? ""],
              "all environments",
            )}
            value={form.environment}
            onChange={set("environment")}
          />
          <Select
            label="In namespace"
            choices={[
              { id: ALL, text: "all namespaces" },
              ...[
                ...new Set([
                  ...spaces.map((one) => one.namespace),
                  ...(search.namespace ? [search.namespace] : []),
                ]),
              ].map((name) => ({ id: name, text: visibleText(name, 60) })),
            ]}
            value={form.namespace}
            onChange={set("namespace")}
          />
        </>
      )}
      <Button type="submit" isDisabled={!mayGo}>
        Show what would go
      </Button>
    </form>
  );
}

function placesOf(known: readonly string[], chosen: readonly string[], all: string): Choice[] {
  return [
    { id: ALL, text: all },
    ...[...new Set([...known, ...chosen])].map((name) => ({
      id: written(name),
      text: visibleText(environmentWords(name), 60),
    })),
  ];
}
