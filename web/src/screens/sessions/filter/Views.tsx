/** Saved views: an address with a name, in this browser. */
import { Link } from "@tanstack/react-router";
import { Bookmark, X } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "@/parts/Button";
import { visibleText } from "@/parts/hostile";
import { Popover } from "@/parts/Popover";
import { TextField } from "@/parts/TextField";
import { say } from "@/parts/Toasts";
import type { SessionsSearch } from "../address";
import css from "./Filter.module.css";
import { forgetView, saveView, useViews } from "./views";

export function Views({ project, search }: { project: string; search: SessionsSearch }) {
  const views = useViews(project);
  const [name, setName] = useState("");
  const save = (close: () => void) => {
    if (!name.trim()) return;
    const isKept = saveView(project, { name: name.trim(), search });
    say(isKept ? `Saved “${name.trim()}” in this browser.` : "This browser keeps nothing.");
    setName("");
    close();
  };
  return (
    <Popover
      label="Views"
      placement="bottom end"
      trigger={
        <Button look="quiet" icon={<Bookmark aria-hidden />}>
          Views
        </Button>
      }
    >
      {(close) => (
        <div className={css.views}>
          {views.length > 0 && (
            <ul>
              {views.map((view) => (
                <li key={view.name}>
                  <Link
                    to="/p/$project/sessions"
                    params={{ project }}
                    search={view.search}
                    onClick={close}
                  >
                    {visibleText(view.name, 80)}
                  </Link>
                  <IconButton
                    size="small"
                    label={`Forget ${visibleText(view.name, 80)}`}
                    onPress={() => forgetView(project, view.name)}
                  >
                    <X aria-hidden />
                  </IconButton>
                </li>
              ))}
            </ul>
          )}
          <form
            onSubmit={(event) => {
              event.preventDefault();
              save(close);
            }}
          >
            <TextField
              label="Save this view as"
              value={name}
              onChange={setName}
              maxLength={80}
              autoComplete="off"
            />
            <Button type="submit" isDisabled={!name.trim()}>
              Save view
            </Button>
          </form>
          <p className={css.hint}>
            Kept in this browser. To share a view, copy its address: it holds all of it.
          </p>
        </div>
      )}
    </Popover>
  );
}
