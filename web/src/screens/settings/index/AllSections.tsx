/** All sections, and a search over every setting that they hold. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { useKeys } from "@/app/keys/useKeys";
import { SearchField } from "@/parts/SearchField";
import { Page } from "../pieces/Page";
import { searched } from "../sections";
import styles from "./AllSections.module.css";

export function AllSections({ project }: { project: string }) {
  const { q = "" } = useSearch({ strict: false }) as { q?: string };
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  useKeys({
    filter: (event) => {
      event.preventDefault();
      field.current?.focus();
    },
  });
  const found = searched(q);
  const look = (typed: string) =>
    void navigate({
      to: "/p/$project/settings",
      params: { project },
      search: typed ? { q: typed } : {},
      replace: true,
    });
  return (
    <Page title="Settings">
      <div className={styles.search}>
        <SearchField
          label="Find a setting"
          placeholder="Find a setting"
          value={q}
          onChange={look}
          inputRef={field}
        />
      </div>
      <p role="status" className="visually-hidden">
        {q ? `${found.length} sections` : ""}
      </p>
      {found.length === 0 ? (
        <p className={styles.none}>
          No setting has these words. What the whole server does is set by its environment:{" "}
          <code>quarterdeck up --help</code>.
        </p>
      ) : (
        <ul className={styles.sections}>
          {found.map(({ section, holds }) => (
            <li key={section.id}>
              <Link
                to="/p/$project/settings/$section"
                params={{ project, section: section.id }}
                className={styles.section}
              >
                <span className={styles.title}>{section.title}</span>
                <span className={styles.line}>
                  {holds.length > 0 ? holds.join(" · ") : section.line}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}
