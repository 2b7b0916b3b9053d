/** How many there are, in which order and how densely they are shown, and whether they are live. */
import { ArrowDownUp, Filter, Rows2, Rows4, Sparkles } from "lucide-react";
import type { Ref } from "react";
import type { Following } from "@/app/live/follow";
import { counted } from "@/format";
import { Button, ToggleButton } from "@/parts/Button";
import { Menu, MenuItem } from "@/parts/Menu";
import { Stale } from "@/parts/States";
import { Switch } from "@/parts/Switch";
import { type Density, SORTS, type Sort } from "./address";
import { SORT_WORDS } from "./list/columns";
import css from "./Sessions.module.css";

interface Props {
  readonly total: number | null;
  /** From the first to the last start. */
  readonly span: string;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly density: Density;
  readonly onDensity: (density: Density) => void;
  readonly isLive: boolean;
  readonly following: Following | null;
  readonly onLive: (on: boolean) => void;
  readonly onDiffers: () => void;
  readonly onFacets: (() => void) | undefined;
  readonly sorterRef: Ref<HTMLButtonElement>;
  readonly again: () => void;
}

export function Toolbar(props: Props) {
  const { total, sort, density, following } = props;
  return (
    <div className={css.toolbar}>
      <p className={css.total}>
        {total === null ? "\u00a0" : counted(total, "session", "sessions")}{" "}
        {props.span && <span className={css.note}>{props.span}</span>}
      </p>
      {props.isLive && following?.state === "lost" && (
        <Stale since={following.since} retry={props.again} />
      )}
      <div className={css.tools}>
        {props.onFacets && (
          <Button look="quiet" size="small" icon={<Filter aria-hidden />} onPress={props.onFacets}>
            Facets
          </Button>
        )}
        <Button look="quiet" size="small" icon={<Sparkles aria-hidden />} onPress={props.onDiffers}>
          What differs?
        </Button>
        <Menu
          label="Order"
          placement="bottom end"
          trigger={
            <Button
              ref={props.sorterRef}
              look="quiet"
              size="small"
              icon={<ArrowDownUp aria-hidden />}
            >
              {SORT_WORDS[sort]}
            </Button>
          }
          onAction={(id) => {
            const chosen = SORTS.find((one) => one === id);
            if (chosen) props.onSort(chosen);
          }}
        >
          {SORTS.map((one) => (
            <MenuItem
              key={one}
              id={one}
              text={SORT_WORDS[one]}
              {...(one === sort ? { aside: "now" } : {})}
            />
          ))}
        </Menu>
        <span className={css.density}>
          <ToggleButton
            size="small"
            icon={density === "compact" ? <Rows4 aria-hidden /> : <Rows2 aria-hidden />}
            isSelected={density === "compact"}
            onChange={(isCompact) => props.onDensity(isCompact ? "compact" : "comfortable")}
          >
            Compact
          </ToggleButton>
        </span>
        <Switch isSelected={props.isLive} onChange={props.onLive}>
          Live
        </Switch>
      </div>
    </div>
  );
}
