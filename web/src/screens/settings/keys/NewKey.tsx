/** Makes a key: what it is for, what it may do, until when. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { keys, makeKey, type Scope } from "@/api/settings";
import { Button } from "@/parts/Button";
import { Checkbox } from "@/parts/Checkbox";
import { Section } from "@/parts/Section";
import { Select } from "@/parts/Select";
import { Failed } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { Command } from "../pieces/Command";
import { word } from "../pieces/shell";
import styles from "./keys.module.css";
import { ENDS, type End, expiryOf, SCOPES } from "./scopes";

interface Props {
  project: string;
  isAllowed: boolean;
  onMade: (made: { name: string; secret: string; scopes: string[] }) => void;
}

export function NewKey({ project, isAllowed, onMade }: Props) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["ingest"]);
  const [end, setEnd] = useState<End>("never");
  const [date, setDate] = useState("");
  const expires = expiryOf(end, date, Date.now());
  const making = useMutation({
    mutationFn: (until: string | null) => makeKey(name.trim(), [...scopes], until),
    onSuccess: (made) => {
      onMade(made);
      void queries.invalidateQueries({ queryKey: keys(project).queryKey });
    },
  });
  const isReady = isAllowed && name.trim() !== "" && scopes.length > 0 && expires !== undefined;
  const toggle = (scope: Scope, on: boolean) =>
    setScopes(
      SCOPES.map((one) => one.id).filter((id) => (id === scope ? on : scopes.includes(id))),
    );
  return (
    <Section title="Make a key">
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) making.mutate(expires);
        }}
      >
        <TextField
          label="What it is for"
          placeholder="checkout-agent"
          value={name}
          onChange={setName}
          maxLength={200}
          isDisabled={!isAllowed}
          autoComplete="off"
        />
        <fieldset className={styles.scopes}>
          <legend>What it may do</legend>
          {SCOPES.map(({ id, says }) => (
            <Checkbox
              key={id}
              isSelected={scopes.includes(id)}
              onChange={(on) => toggle(id, on)}
              isDisabled={!isAllowed}
            >
              <span className={styles.scope}>
                <code>{id}</code>
                <span className={styles.quiet}>{says}</span>
              </span>
            </Checkbox>
          ))}
          {scopes.length === 0 && <p role="alert">A key needs at least one.</p>}
        </fieldset>
        <div className={styles.ends}>
          <Select
            label="It ends"
            choices={ENDS}
            value={end}
            onChange={setEnd}
            isDisabled={!isAllowed}
          />
          {end === "date" && (
            <TextField
              label="On (UTC)"
              placeholder="2027-01-31"
              value={date}
              onChange={setDate}
              error={
                date.length >= 10 && expires === undefined
                  ? "A day to come, as 2027-01-31."
                  : undefined
              }
            />
          )}
        </div>
        {making.error && <Failed error={making.error} what="No key was made." />}
        <div>
          <Button type="submit" look="primary" isDisabled={!isReady} isPending={making.isPending}>
            Make key
          </Button>
        </div>
        <Command text={commandOf(name.trim(), scopes, end, date)} />
      </form>
    </Section>
  );
}

function commandOf(name: string, scopes: readonly Scope[], end: End, date: string): string {
  return [
    "quarterdeck keys create",
    word(name || "NAME"),
    ...scopes.map((scope) => `--scope ${scope}`),
    ...(end === "never" ? [] : [`--expires ${end === "date" ? word(date || "DATE") : `${end}d`}`]),
  ].join(" ");
}
