/** The head of every list of memory: where one is, what else there is, and the way to a revert. */
import type { ReactNode } from "react";
import { ScreenHead } from "@/app/screen/ScreenHead";
import { LinkButton } from "@/parts/Button";
import { Tabs } from "@/parts/Tabs";
import { ToWorkflows } from "@/screens/workflows/pieces/links";
import css from "./Memory.module.css";

interface Props {
  project: string;
  current: "entries" | "checkpoints" | "reverts";
  note?: ReactNode;
  children?: ReactNode;
}

export function Head({ project, current, note, children }: Props) {
  return (
    <div className={css.head}>
      <ScreenHead
        title={
          <>
            <span className={css.above}>
              <ToWorkflows project={project} /> ▸{" "}
            </span>
            Memory
          </>
        }
        note={note}
      >
        {children}
        <LinkButton size="small" to="/p/$project/memory/revert" params={{ project }}>
          Revert…
        </LinkButton>
      </ScreenHead>
      <Tabs
        label="Parts of memory"
        current={current}
        tabs={[
          {
            id: "entries",
            text: "Entries",
            link: { to: "/p/$project/memory", params: { project } },
          },
          {
            id: "checkpoints",
            text: "Checkpoints",
            link: { to: "/p/$project/memory/checkpoints", params: { project } },
          },
          {
            id: "reverts",
            text: "Reverts",
            link: { to: "/p/$project/memory/reverts", params: { project } },
          },
        ]}
      />
    </div>
  );
}
