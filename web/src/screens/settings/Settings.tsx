/**
 * Who may do what, what is kept how long, and does data arrive?
 *
 * A list of sections at the left, each with an address of its own; without one, all of them and
 * a search over what they hold.
 */
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { Nothing } from "@/app/frame/NotHere";
import { Select } from "@/parts/Select";
import { Access } from "./access/Access";
import { Audit } from "./audit/Audit";
import { AllSections } from "./index/AllSections";
import { Intake } from "./intake/Intake";
import { Keys } from "./keys/Keys";
import { Preferences } from "./preferences/Preferences";
import { Prices } from "./prices/Prices";
import { Project } from "./project/Project";
import { Redaction } from "./redaction/Redaction";
import { Retention } from "./retention/Retention";
import styles from "./Settings.module.css";
import { SECTIONS, type SectionId } from "./sections";
import { SessionKey } from "./session-key/SessionKey";

const SCREENS: Record<SectionId, ComponentType<{ project: string }>> = {
  intake: Intake,
  project: Project,
  access: Access,
  keys: Keys,
  "session-key": SessionKey,
  prices: Prices,
  redaction: Redaction,
  retention: Retention,
  audit: Audit,
  preferences: Preferences,
};

export function Settings() {
  const { project = "", section } = useParams({ strict: false });
  const known = SECTIONS.find((one) => one.id === section);
  if (section !== undefined && !known) return <Nothing what="Settings have no such section." />;
  const Shown = known ? SCREENS[known.id] : null;
  return (
    <div className={styles.page}>
      <List project={project} current={known?.id ?? null} />
      <div className={styles.content}>
        {Shown && known ? (
          // Nothing typed in one project or section may turn up in another.
          <Shown key={`${project} ${known.id}`} project={project} />
        ) : (
          <AllSections project={project} />
        )}
      </div>
    </div>
  );
}

const ALL = "all";

function List({ project, current }: { project: string; current: SectionId | null }) {
  const navigate = useNavigate();
  return (
    <nav aria-label="Settings" className={styles.list}>
      <div className={styles.narrow}>
        <Select
          label="Section"
          hideLabel
          choices={[
            { id: ALL, text: "All settings" },
            ...SECTIONS.map(({ id, title }) => ({ id, text: title })),
          ]}
          value={current ?? ALL}
          onChange={(id) =>
            void (id === ALL
              ? navigate({ to: "/p/$project/settings", params: { project } })
              : navigate({
                  to: "/p/$project/settings/$section",
                  params: { project, section: id },
                }))
          }
        />
      </div>
      <ul className={styles.wide}>
        <li>
          <Link
            to="/p/$project/settings"
            params={{ project }}
            className={styles.entry}
            activeOptions={{ exact: true, includeSearch: false }}
          >
            All settings
          </Link>
        </li>
        {SECTIONS.map(({ id, title }) => (
          <li key={id}>
            <Link
              to="/p/$project/settings/$section"
              params={{ project, section: id }}
              className={styles.entry}
              activeOptions={{ exact: true, includeSearch: false }}
            >
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
