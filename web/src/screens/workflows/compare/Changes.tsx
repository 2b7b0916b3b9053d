/** Every change by area: texts as a comparison, everything else as before and after. */
import { useEffect, useRef } from "react";
import type { Change } from "@/api/workflows";
import { Checkbox } from "@/parts/Checkbox";
import { Disclosure } from "@/parts/Disclosure";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { areaTitle, type byArea } from "../words/summary";
import { valueText } from "../words/value";
import own from "./Compare.module.css";
import { TextDiff } from "./diff/TextDiff";
import type { Viewed } from "./useViewed";

interface Props {
  areas: ReturnType<typeof byArea>;
  part: string | undefined;
  isColumn: boolean;
  viewed: Viewed;
  onPart: (path: string | undefined) => void;
}

export function Changes({ areas, ...rest }: Props) {
  return areas.map(({ area, changes }) => (
    <section key={area} className={own.area} aria-label={areaTitle(area)}>
      <h3>{areaTitle(area)}</h3>
      {changes.map((change) => (
        <One key={change.path} change={change} {...rest} />
      ))}
    </section>
  ));
}

function One({
  change,
  part,
  isColumn,
  viewed,
  onPart,
}: { change: Change } & Omit<Props, "areas">) {
  const place = useRef<HTMLDivElement>(null);
  const isHere = part === change.path;
  const isViewed = viewed.has(change.path);
  useEffect(() => {
    if (!isHere) return;
    place.current?.scrollIntoView({ block: "nearest" });
    place.current?.focus({ preventScroll: true });
  }, [isHere]);
  return (
    <div
      ref={place}
      className={own.change}
      data-here={isHere || undefined}
      data-viewed={isViewed || undefined}
      tabIndex={-1}
    >
      <Disclosure
        level={4}
        title={
          <span className={own.path}>
            <code>{visibleText(change.path, 300)}</code>{" "}
            <span className={own.muted}>{change.kind}</span>
          </span>
        }
        aside={
          <Checkbox isSelected={isViewed} onChange={() => viewed.turn(change.path)}>
            Viewed
          </Checkbox>
        }
        isOpen={isHere || !isViewed}
        onOpenChange={(open) => {
          if (open) onPart(change.path);
          else {
            if (isHere) onPart(undefined);
            if (!isViewed) viewed.turn(change.path);
          }
        }}
      >
        {change.text ? (
          <TextDiff
            label={`${change.path}, before and after`}
            before={change.text.before}
            after={change.text.after}
            isColumn={isColumn}
          />
        ) : (
          <Values change={change} isColumn={isColumn} />
        )}
      </Disclosure>
    </div>
  );
}

function Values({ change, isColumn }: { change: Change; isColumn: boolean }) {
  const [before, after] = [valueText(change.before), valueText(change.after)];
  if (before.includes("\n") || after.includes("\n")) {
    return (
      <TextDiff
        label={`${change.path}, before and after`}
        before={before}
        after={after}
        isColumn={before === "" || after === "" || isColumn}
      />
    );
  }
  return (
    <p className={own.values}>
      {before !== "" && (
        <del>
          <HostileText text={before} mono max={2_000} />
        </del>
      )}
      {before !== "" && after !== "" && <span>→</span>}
      {after !== "" && (
        <ins>
          <HostileText text={after} mono max={2_000} />
        </ins>
      )}
    </p>
  );
}
