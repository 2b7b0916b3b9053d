/**
 * Go to anything: screens, a session by its id, task types, workflows, and filters as they are
 * typed.
 *
 * Asks the server only for what was typed; nothing here decides what exists.
 */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  SearchField,
} from "react-aria-components";
import { found } from "@/api/palette";
import { segment } from "@/app/address";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import styles from "./Palette.module.css";

const SCREENS = [
  ["overview", "Overview"],
  ["sessions", "Sessions"],
  ["tasks", "Tasks"],
  ["workflows", "Workflows"],
  ["memory", "Memory"],
  ["settings", "Settings"],
  ["welcome", "Connect an agent"],
] as const;

interface Props {
  project: string;
  open: boolean;
  close: () => void;
}

export function Palette({ project, open, close }: Props) {
  return (
    <ModalOverlay
      isOpen={open}
      onOpenChange={(stays) => !stays && close()}
      isDismissable
      className={styles.overlay ?? ""}
    >
      <Modal className={styles.modal ?? ""}>
        <Dialog aria-label="Go to anything" className={styles.dialog ?? ""}>
          <Choices project={project} close={close} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Choices({ project, close }: { project: string; close: () => void }) {
  const [typed, setTyped] = useState("");
  const asked = useDeferredValue(typed.trim());
  const answer = useQuery(found(project, asked));
  const navigate = useNavigate();
  const words = asked.toLowerCase();
  const screens = SCREENS.filter(([, word]) => word.toLowerCase().includes(words));

  const go = (key: string) => {
    close();
    const [kind, ...rest] = key.split(" ");
    const name = rest.join(" ");
    if (kind === "screen") void navigate({ to: `/p/${encodeURIComponent(project)}/${name}` });
    if (kind === "session")
      void navigate({ to: "/p/$project/sessions/$session", params: { project, session: name } });
    if (kind === "task")
      void navigate({ to: "/p/$project/tasks/$task", params: { project, task: segment(name) } });
    if (kind === "workflow")
      void navigate({
        to: "/p/$project/workflows/$workflow",
        params: { project, workflow: segment(name) },
      });
    if (kind === "filter")
      void navigate({ to: "/p/$project/sessions", params: { project }, search: { q: name } });
  };

  return (
    <Autocomplete inputValue={typed} onInputChange={setTyped}>
      <SearchField aria-label="Go to anything" autoFocus className={styles.field ?? ""}>
        <Input placeholder="A screen, a session's id, a task type, a workflow, or a filter" />
      </SearchField>
      <Menu
        className={styles.list ?? ""}
        onAction={(key) => go(String(key))}
        renderEmptyState={() => <p className={styles.none}>Nothing is called that.</p>}
      >
        {screens.length > 0 && (
          <MenuSection>
            <Header>Screens</Header>
            {screens.map(([name, word]) => (
              <MenuItem key={name} id={`screen ${name}`}>
                {word}
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {(answer.data?.tasks.length ?? 0) > 0 && (
          <MenuSection>
            <Header>Task types</Header>
            {answer.data?.tasks.map((task) => (
              <MenuItem key={task} id={`task ${task}`} textValue={visibleText(task, 120)}>
                <HostileText text={task} inline max={120} />
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {(answer.data?.workflows.length ?? 0) > 0 && (
          <MenuSection>
            <Header>Workflows</Header>
            {answer.data?.workflows.map((name) => (
              <MenuItem key={name} id={`workflow ${name}`} textValue={visibleText(name, 120)}>
                <HostileText text={name} inline max={120} />
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {(answer.data?.sessions.length ?? 0) > 0 && (
          <MenuSection>
            <Header>Sessions</Header>
            {answer.data?.sessions.map((session) => (
              <MenuItem
                key={session.id}
                id={`session ${session.id}`}
                textValue={visibleText(`${session.id} ${session.task}`, 200)}
              >
                <HostileText text={session.task} inline max={120} />{" "}
                <HostileText text={session.id} inline mono max={80} />
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {asked !== "" && (
          <MenuSection>
            <Header>Filter</Header>
            <MenuItem id={`filter ${asked}`} textValue={asked}>
              Sessions with <code>{asked}</code>
            </MenuItem>
          </MenuSection>
        )}
      </Menu>
    </Autocomplete>
  );
}
