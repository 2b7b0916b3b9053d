/** What somebody should look at, most pressing first. Each leads to where it can be looked at. */
import { Link, type LinkProps } from "@tanstack/react-router";
import {
  CircleHelp,
  CirclePause,
  DollarSign,
  FileWarning,
  Hand,
  Hourglass,
  type LucideIcon,
  OctagonAlert,
  ShieldX,
  TrendingDown,
} from "lucide-react";
import { useState } from "react";
import type { OverviewAnswer } from "@/api/overview";
import { formatAgo } from "@/format";
import { Button } from "@/parts/Button";
import { HostileText } from "@/parts/HostileText";
import styles from "./Attention.module.css";
import { sessionsBehind } from "./behind";

type Item = OverviewAnswer["attention"][number];

const ICONS: Record<Item["kind"], LucideIcon> = {
  approval: Hand,
  waiting: CirclePause,
  long_running: Hourglass,
  task_type_worse: TrendingDown,
  new_errors: OctagonAlert,
  unpriced_model: DollarSign,
  refused_intake: ShieldX,
  data_finding: FileWarning,
  unknown_outcomes: CircleHelp,
};

/** Two lines on a laptop: the figures below stay in sight. */
const FIRST = 6;

export function Attention({ items, project }: { items: readonly Item[]; project: string }) {
  const [all, setAll] = useState(false);
  if (items.length === 0) {
    return <p className={styles.none}>Nothing needs you now.</p>;
  }
  return (
    <section aria-label="Needs you">
      <ul className={styles.items}>
        {(all ? items : items.slice(0, FIRST)).map((item) => {
          const Icon = ICONS[item.kind];
          return (
            <li key={`${item.kind} ${item.subject} ${item.sentence}`}>
              <Link {...leads(item, project)} className={styles.item}>
                <Icon size={16} strokeWidth={1.5} aria-hidden className={styles.icon} />
                <span>
                  <HostileText text={item.sentence} max={300} />
                  {item.since && (
                    <span className={styles.since}> {formatAgo(item.since, Date.now())}</span>
                  )}
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
      {items.length > FIRST && (
        <Button look="quiet" size="small" onPress={() => setAll(!all)}>
          {all ? "Only the most pressing" : `${items.length - FIRST} more`}
        </Button>
      )}
    </section>
  );
}

function leads(item: Item, project: string): LinkProps {
  if (item.kind === "refused_intake") return section("intake", project);
  if (item.kind === "unpriced_model") return section("prices", project);
  if (item.session_id && item.count === 1) {
    return {
      to: "/p/$project/sessions/$session",
      params: { project, session: item.session_id },
    } as LinkProps;
  }
  if (item.behind) return sessionsBehind(item.behind, project);
  return { to: "/p/$project/sessions", params: { project } } as LinkProps;
}

function section(name: string, project: string): LinkProps {
  return { to: "/p/$project/settings/$section", params: { project, section: name } } as LinkProps;
}
