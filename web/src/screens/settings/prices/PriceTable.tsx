/** The project's prices in the order in which they count; amounts stand exactly as typed. */
import { ArrowUp } from "lucide-react";
import { useState } from "react";
import type { PriceOverride } from "@/api/settings";
import { Button, IconButton } from "@/parts/Button";
import { type Column, DataTable } from "@/parts/DataTable";
import { Dialog } from "@/parts/Dialog";
import { HostileText } from "@/parts/HostileText";
import { visibleText } from "@/parts/hostile";
import { dayOf, EVER_NS } from "./price";
import styles from "./prices.module.css";

interface Props {
  rows: readonly PriceOverride[];
  isAllowed: boolean;
  onEdit: (at: number) => void;
  onChange: (rows: readonly PriceOverride[]) => void;
}

interface Row {
  readonly price: PriceOverride;
  readonly at: number;
}

export function PriceTable({ rows, isAllowed, onEdit, onChange }: Props) {
  const [removing, setRemoving] = useState<Row | null>(null);
  const columns: Column<Row>[] = [
    {
      id: "model",
      title: "Model",
      isName: true,
      grows: true,
      cell: ({ price }) => (
        <>
          <HostileText text={price.model} inline mono />
          {price.provider !== "*" && (
            <span className={styles.quiet}>
              {" "}
              of <HostileText text={price.provider} inline />
            </span>
          )}
        </>
      ),
    },
    { id: "from", title: "From", cell: ({ price }) => from(price) },
    { id: "until", title: "Until", cell: ({ price }) => until(price) },
    {
      id: "input",
      title: "Input, $/M",
      numeric: true,
      cell: ({ price }) => price.input_usd_per_mtok,
    },
    {
      id: "output",
      title: "Output, $/M",
      numeric: true,
      cell: ({ price }) => price.output_usd_per_mtok,
    },
    { id: "else", title: "Else", cell: ({ price }) => othersOf(price) },
    {
      id: "acts",
      title: <span className="visually-hidden">Acts</span>,
      numeric: true,
      cell: (row) => (
        <span className={styles.acts}>
          {row.at > 0 && (
            <IconButton
              size="small"
              label={`Count ${row.price.model} earlier`}
              isDisabled={!isAllowed}
              onPress={() => onChange(earlier(rows, row.at))}
            >
              <ArrowUp aria-hidden />
            </IconButton>
          )}
          <Button
            size="small"
            isDisabled={!isAllowed}
            aria-label={`Edit the price of ${visibleText(row.price.model, 120)}`}
            onPress={() => onEdit(row.at)}
          >
            Edit
          </Button>
          <Button
            size="small"
            isDisabled={!isAllowed}
            aria-label={`Remove the price of ${visibleText(row.price.model, 120)}`}
            onPress={() => setRemoving(row)}
          >
            Remove…
          </Button>
        </span>
      ),
    },
  ];
  return (
    <>
      <DataTable
        columns={columns}
        rows={rows.map((price, at) => ({ price, at }))}
        rowKey={({ at }) => `${at}`}
        caption="Your prices, in US dollars per million tokens, in the order in which they count"
      />
      <Dialog
        title="Remove this price?"
        isOpen={removing !== null}
        onClose={() => setRemoving(null)}
        buttons={
          <>
            <Button onPress={() => setRemoving(null)}>Keep it</Button>
            <Button
              look="danger"
              onPress={() => {
                if (removing) onChange(rows.toSpliced(removing.at, 1));
                setRemoving(null);
              }}
            >
              Remove price
            </Button>
          </>
        }
      >
        {removing && (
          <p>
            <HostileText text={removing.price.model} inline mono />: $
            {removing.price.input_usd_per_mtok} in, ${removing.price.output_usd_per_mtok} out. Calls
            that arrive from then on are priced by the public tables, or have no price. What was
            priced stays as it is.
          </p>
        )}
      </Dialog>
    </>
  );
}

function from(price: PriceOverride): string {
  return price.valid_from_ns === "0" ? "ever" : dayOf(price.valid_from_ns);
}

function until(price: PriceOverride): string {
  return price.valid_until_ns === EVER_NS ? "—" : dayOf(price.valid_until_ns);
}

function othersOf(price: PriceOverride): string {
  const told: [string, string | undefined][] = [
    ["cached", price.cache_read_usd_per_mtok],
    ["cache write", price.cache_write_usd_per_mtok],
    ["1 h", price.cache_write_1h_usd_per_mtok],
    ["reasoning", price.reasoning_usd_per_mtok],
    ["a call", price.per_call_usd === "0" ? undefined : price.per_call_usd],
  ];
  const parts = told.filter(([, value]) => value !== undefined).map((one) => one.join(" "));
  if (price.discount_percent !== "0") parts.push(`−${price.discount_percent} %`);
  return parts.join(", ");
}

function earlier(rows: readonly PriceOverride[], at: number): PriceOverride[] {
  const row = rows[at];
  return row ? rows.toSpliced(at, 1).toSpliced(at - 1, 0, row) : [...rows];
}
