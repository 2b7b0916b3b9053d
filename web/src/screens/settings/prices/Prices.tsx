/**
 * A project's own prices: models that have none first, then the table that counts before all
 * others, from its first row to its last.
 */
import { useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { PriceOverride } from "@/api/settings";
import { Button } from "@/parts/Button";
import { Disclosure } from "@/parts/Disclosure";
import { Section } from "@/parts/Section";
import { Empty, Failed, Loading } from "@/parts/States";
import { SaveTrouble } from "../draft/SaveBar";
import { useDraft } from "../draft/useDraft";
import { Command } from "../pieces/Command";
import { Page } from "../pieces/Page";
import { OnlyAdmins, useStanding } from "../pieces/Standing";
import { setCommand } from "../pieces/shell";
import { PriceForm } from "./PriceForm";
import { PriceTable } from "./PriceTable";
import { emptyPrice, priceOf, type TypedPrice, typedOf } from "./price";
import { Unpriced } from "./Unpriced";

/** The price being typed; at which row, or null for a new one. */
export interface Editing {
  readonly typed: TypedPrice;
  readonly at: number | null;
  /** As the form was opened. */
  readonly start: TypedPrice;
}

export function Prices({ project }: { project: string }) {
  const { isAdmin } = useStanding(project);
  const { model } = useSearch({ strict: false }) as { model?: string };
  const draft = useDraft<Editing | null>(project, {
    read: () => null,
    write: (editing, settings) => ({
      price_overrides: editing ? withPrice(settings.price_overrides, editing) : [],
    }),
    done: "The prices are saved.",
    isTyped: (editing) =>
      editing !== null && JSON.stringify(editing.typed) !== JSON.stringify(editing.start),
  });
  const prefilled = useRef("");
  const isRead = draft.base !== null;
  const { set } = draft;
  // An address that names a model opens its price once; what is typed then is the viewer's.
  useEffect(() => {
    if (!model || !isRead || prefilled.current === model) return;
    prefilled.current = model;
    set(opened(emptyPrice(model), null));
  }, [model, isRead, set]);
  const rows = draft.base?.settings.price_overrides ?? [];
  const editing = draft.shown;
  const begin = (next: Editing) => {
    draft.discard();
    set(next);
  };
  return (
    <Page
      title="Prices"
      note="Your own prices, in US dollars. They count before every table, for calls that arrive from now on."
    >
      <OnlyAdmins project={project} />
      {draft.readError ? (
        <Failed error={draft.readError} retry={draft.retry} what="The prices could not be read." />
      ) : !isRead ? (
        <Loading rows={6} what="the prices" />
      ) : (
        <>
          {editing && (
            <PriceForm
              key={`${editing.at}`}
              draft={draft}
              editing={editing}
              before={editing.at === null ? null : (rows[editing.at] ?? null)}
              isAllowed={isAdmin}
            />
          )}
          {!editing && <SaveTrouble draft={draft} />}
          <Unpriced
            project={project}
            isAllowed={isAdmin && !editing}
            onSet={(name) => begin(opened(emptyPrice(name), null))}
          />
          <Section
            title="Your prices"
            note="Of the rows that fit a call's model, provider and day, the first counts."
            aside={
              <Button
                isDisabled={!isAdmin || editing !== null}
                onPress={() => begin(opened(emptyPrice(""), null))}
              >
                Add a price
              </Button>
            }
          >
            {rows.length === 0 ? (
              <Empty title="None of your own: the public tables count." />
            ) : (
              <PriceTable
                rows={rows}
                isAllowed={isAdmin && !editing && !draft.isSaving}
                onEdit={(at) => {
                  const row = rows[at];
                  if (row) begin(opened(typedOf(row), at));
                }}
                onChange={(next) => draft.apply({ price_overrides: [...next] })}
              />
            )}
            <Disclosure title="As a command, all rows at once">
              <Command
                text={setCommand({
                  price_overrides: editing
                    ? withPrice(rows, editing)
                    : rows.length > 0
                      ? rows
                      : [{ model: "MODEL", input_usd_per_mtok: "0.5", output_usd_per_mtok: "1.5" }],
                })}
              />
            </Disclosure>
          </Section>
        </>
      )}
    </Page>
  );
}

function opened(start: TypedPrice, at: number | null): Editing {
  return { typed: start, at, start };
}

/** A new row goes on top, so that it counts before what is there. */
function withPrice(rows: readonly PriceOverride[], { typed, at }: Editing): PriceOverride[] {
  if (at === null) return [priceOf(typed, null), ...rows];
  return rows.map((row, index) => (index === at ? priceOf(typed, row) : row));
}
