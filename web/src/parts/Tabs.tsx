/**
 * Views of one thing, each with its own address: links, so that they open in a new window and go
 * back. The shown one is marked for everybody (`aria-current`).
 */
import { createLink, type LinkProps } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, ReactNode, Ref } from "react";
import { KeyHint } from "./KeyHint";
import css from "./Tabs.module.css";

export interface Tab {
  readonly id: string;
  readonly text: string;
  readonly link: LinkProps;
  /** Right of the word, muted. */
  readonly count?: ReactNode;
  /** The key that leads there, shown on hover of the row. */
  readonly hint?: string;
}

export interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly current: string;
}

export function Tabs({ label, tabs, current }: TabsProps) {
  return (
    <nav aria-label={label} className={css.tabs}>
      {tabs.map((tab) => (
        <TabLink key={tab.id} {...tab.link} isCurrent={tab.id === current}>
          {tab.text}
          {tab.count !== undefined && <span className={css.count}>{tab.count}</span>}
          {tab.hint && <KeyHint keys={tab.hint} />}
        </TabLink>
      ))}
    </nav>
  );
}

interface AnchorProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly isCurrent?: boolean;
  readonly ref?: Ref<HTMLAnchorElement>;
}

/** The router would mark every link that leads to this path or above it as current. */
function Anchor({ isCurrent = false, children, ...rest }: AnchorProps) {
  return (
    <a {...rest} className={css.tab} aria-current={isCurrent ? "page" : undefined}>
      {children}
    </a>
  );
}

const TabLink = createLink(Anchor);
