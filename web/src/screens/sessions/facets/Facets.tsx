/**
 * What the sessions have, how many of them, and which share of those failed: the odd value shows
 * without a query. A press adds the value to the filter or takes it away.
 *
 * Of a field that the filter names, all values are counted as if it did not, so that a second one
 * can be added.
 */
import { useQueries, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, memo, type RefObject, useState } from "react";
import { type FacetValue, facets, type Which } from "@/api/sessions";
import { exactCount, formatCount, formatEstimate } from "@/format";
import { visibleText } from "@/parts/hostile";
import { OUTCOMES, type OutcomeLabel } from "@/parts/OutcomeBadge";
import { Failed, Loading } from "@/parts/States";
import { hasValue, termsOf, withoutField, withoutValue, withValue } from "../filter/terms";
import { Bounds } from "./Bounds";
import css from "./Facets.module.css";
import { type FacetField, facetFields } from "./fields";
import { useFolds } from "./useFolds";

const FIRST = 6;
const MORE = 50;

export interface FacetsProps {
  readonly project: string;
  readonly which: Which;
  readonly onApply: (q: string) => void;
  readonly panelRef?: RefObject<HTMLDivElement | null>;
}

export const Facets = memo(function Facets({ project, which, onApply, panelRef }: FacetsProps) {
  const answer = useQuery(facets(project, which));
  const q = which.q ?? "";
  const named = [...new Set(termsOf(q).flatMap((term) => (term.field ? [term.field] : [])))];
  const wider = useQueries({
    queries: named.map((field) => facets(project, { ...which, q: withoutField(q, field) })),
  });
  const told = answer.data?.facets;
  if (answer.isError && !told) {
    return <Failed error={answer.error} what="The facets could not be read." />;
  }
  if (!told) return <Loading rows={10} rowHeight="compact" what="the facets" />;
  const valuesOf = (field: string) => {
    const at = named.indexOf(field);
    return (at < 0 ? undefined : wider[at]?.data?.facets[field]) ?? told[field] ?? [];
  };
  return (
    <div ref={panelRef} className={css.facets} aria-busy={answer.isPlaceholderData}>
      {Object.keys(told).length > 0 && (
        <p className={css.heads} aria-hidden>
          <span>sessions</span>
          {!named.includes("outcome") && <span>failed</span>}
        </p>
      )}
      {facetFields(Object.keys(told)).map((field) => (
        <Group
          key={field.field}
          field={field}
          values={valuesOf(field.field)}
          q={q}
          onApply={onApply}
        />
      ))}
      <Bounds q={q} onApply={onApply} />
    </div>
  );
});

interface GroupProps {
  readonly field: FacetField;
  readonly values: readonly FacetValue[];
  readonly q: string;
  readonly onApply: (q: string) => void;
}

function Group({ field, values, q, onApply }: GroupProps) {
  const { isFolded, fold } = useFolds();
  const [shows, setShows] = useState(FIRST);
  const actives = values.filter((one) => hasValue(q, field.field, one.value));
  const isOpen = actives.length > 0 || !isFolded(field.field, !field.isOpen);
  if (values.length === 0) return null;
  const shown = [
    ...values.slice(0, shows),
    ...actives.filter((one) => values.indexOf(one) >= shows),
  ];
  return (
    <section className={css.group}>
      <h3 className={css.title}>
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => fold(field.field, isOpen)}
          className={css.fold}
        >
          <span aria-hidden>{isOpen ? "▾" : "▸"}</span> {field.title}
          {!isOpen && <span className={css.many}>{values.length}</span>}
        </button>
      </h3>
      {isOpen && (
        <ul onKeyDown={alongButtons}>
          {shown.map((value) => (
            <li key={value.value}>
              <Value field={field} value={value} q={q} onApply={onApply} />
            </li>
          ))}
        </ul>
      )}
      {isOpen && values.length > FIRST && (
        <button
          type="button"
          className={css.more}
          onClick={() => setShows(shows > FIRST ? FIRST : MORE)}
        >
          {shows > FIRST ? "fewer" : `${values.length - FIRST} more`}
        </button>
      )}
    </section>
  );
}

function Value({
  field,
  value,
  q,
  onApply,
}: {
  field: FacetField;
  value: FacetValue;
  q: string;
  onApply: (q: string) => void;
}) {
  const name = field.field;
  const isActive = hasValue(q, name, value.value);
  const outcome = name === "outcome" ? OUTCOMES[value.value as OutcomeLabel] : undefined;
  const failed = formatEstimate(value.failure, "rate");
  // Among sessions chosen by how they ended, the share that failed says nothing.
  const isChosenByEnd = termsOf(q).some((term) => term.field === "outcome");
  const hasShare = !field.isOutcome && !isChosenByEnd && value.known > 0;
  const whole = `${exactCount(value.sessions)} sessions${
    hasShare ? `, failed: ${failed.whole}` : ""
  }`;
  return (
    <button
      type="button"
      className={css.value}
      aria-pressed={isActive}
      title={`${visibleText(value.value, 200)} — ${whole}`}
      onClick={() =>
        onApply(isActive ? withoutValue(q, name, value.value) : withValue(q, name, value.value))
      }
    >
      <span className={css.name}>
        {outcome ? (
          <span className={css.outcome} data-outcome={value.value}>
            <span aria-hidden>{outcome.glyph}</span> {outcome.word}
          </span>
        ) : (
          visibleText(value.value, 80) || "none"
        )}
      </span>
      <span className={css.count} aria-hidden>
        {formatCount(value.sessions)}
      </span>
      {hasShare && (
        <span className={css.share} aria-hidden data-few={failed.few || undefined}>
          {value.failures === 0 ? "none" : failed.value}
        </span>
      )}
      {hasShare && <Whisker value={value} />}
      <span className="visually-hidden"> {whole}</span>
    </button>
  );
}

/** The share that failed with its interval, on a scale from none to all. */
function Whisker({ value }: { value: FacetValue }) {
  const { interval, value: share } = value.failure;
  if (!interval || share === null) return null;
  const x = (part: number) => `${(100 * part).toFixed(1)}%`;
  return (
    <svg className={css.whisker} aria-hidden="true" height="5" width="100%">
      <line className={css.ground} x1="0" x2="100%" y1="2.5" y2="2.5" />
      <line className={css.interval} x1={x(interval.low)} x2={x(interval.high)} y1="2.5" y2="2.5" />
      <circle className={css.dot} cx={x(Number(share))} cy="2.5" r="2" />
    </svg>
  );
}

function alongButtons(event: KeyboardEvent<HTMLUListElement>) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  event.stopPropagation();
  const panel = event.currentTarget.closest(`.${css.facets}`);
  const buttons = [...(panel?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
  buttons[at + step]?.focus();
}
