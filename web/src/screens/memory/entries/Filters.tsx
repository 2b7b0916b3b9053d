/** Words, a checkpoint, and who wrote: what the list is narrowed to. */
import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { checkpoints } from "@/api/workflows";
import { useKeys } from "@/app/keys/useKeys";
import { Button, ToggleButton } from "@/parts/Button";
import { Checkbox } from "@/parts/Checkbox";
import { visibleText } from "@/parts/hostile";
import { SearchField } from "@/parts/SearchField";
import { type Choice, Select } from "@/parts/Select";
import { Tag } from "@/parts/Tag";
import { TextField } from "@/parts/TextField";
import { type MemorySearch, read, written } from "../address";
import type { Change } from "./Entries";
import css from "./Entries.module.css";
import { partsOf } from "./parts";

interface Props {
  project: string;
  search: MemorySearch;
  change: Change;
}

const NOW = "now";

export function Filters({ project, search, change }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const known = useQuery(checkpoints(project)).data?.checkpoints ?? [];
  useKeys({
    filter: (event) => {
      event.preventDefault();
      field.current?.focus();
    },
  });
  const times: Choice[] = [
    { id: NOW, text: "As it is now" },
    ...known.map((one) => ({
      id: one.checkpoint_id,
      text: visibleText(one.name, 60),
      aside: "checkpoint",
    })),
  ];
  const at = known.find((one) => one.checkpoint_id === search.at || one.name === search.at);
  const parts = partsOf(search).filter(({ name }) => name !== "q" && name !== "at");
  return (
    <div className={css.filters}>
      <div className={css.bar}>
        <div className={css.search}>
          <SearchField
            key={search.q ?? ""}
            label="Words in keys and values"
            placeholder="Words in keys and values"
            defaultValue={search.q ?? ""}
            inputRef={field}
            onSubmit={(q) => change({ q: q.trim() || undefined })}
            onClear={() => change({ q: undefined })}
          />
        </div>
        {(known.length > 0 || search.at) && (
          <Select
            label="As of"
            hideLabel
            choices={times}
            value={search.at ? (at?.checkpoint_id ?? null) : NOW}
            onChange={(id) => change({ at: id === NOW ? undefined : id })}
          />
        )}
        <ToggleButton
          isSelected={isOpen}
          onChange={setOpen}
          icon={<SlidersHorizontal size={16} strokeWidth={1.5} aria-hidden />}
        >
          Who wrote it
        </ToggleButton>
      </div>
      {isOpen && <Fields search={search} change={change} />}
      {parts.length > 0 && (
        <ul className={css.tags} aria-label="Narrowed to">
          {parts.map((part) => (
            <li key={part.name}>
              <Tag name={part.text} onRemove={() => change(part.without)}>
                {part.text}
              </Tag>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Fields({ search, change }: Omit<Props, "project">) {
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const said = (name: string) => String(form.get(name) ?? "").trim() || undefined;
    const version = said("version");
    const scope = said("scope");
    change({
      prefix: said("prefix"),
      scope: form.get("everybody") === "on" ? written("") : scope && written(scope),
      session: said("session"),
      workflow: said("workflow"),
      version: version && /^\d{1,9}$/.test(version) ? Number(version) : undefined,
      user: said("user"),
    });
  };
  const scope = read(search.scope);
  return (
    <form className={css.fields} onSubmit={send} aria-label="Who wrote it">
      <TextField label="Session" name="session" mono defaultValue={search.session ?? ""} />
      <TextField label="Workflow" name="workflow" defaultValue={search.workflow ?? ""} />
      <TextField
        label="Version"
        name="version"
        inputMode="numeric"
        defaultValue={search.version === undefined ? "" : String(search.version)}
      />
      <TextField label="User" name="user" defaultValue={search.user ?? ""} />
      <TextField label="Key begins with" name="prefix" mono defaultValue={search.prefix ?? ""} />
      <TextField label="Scope" name="scope" defaultValue={scope ?? ""} placeholder="user:u-7" />
      <div className={css.send}>
        <Checkbox name="everybody" value="on" defaultSelected={scope === ""}>
          Only what is everybody's
        </Checkbox>
        <Button type="submit">Show these</Button>
      </div>
    </form>
  );
}
