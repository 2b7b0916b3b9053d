/** One price: of which model, from when, and its amounts as they are typed. */
import type { PriceOverride } from "@/api/settings";
import { Disclosure } from "@/parts/Disclosure";
import { Section } from "@/parts/Section";
import { TextField } from "@/parts/TextField";
import { SaveBar } from "../draft/SaveBar";
import type { Draft } from "../draft/useDraft";
import type { Editing } from "./Prices";
import { type Amount, type TypedPrice, wrongOf } from "./price";
import styles from "./prices.module.css";

interface Props {
  draft: Draft<Editing | null>;
  editing: Editing;
  before: PriceOverride | null;
  isAllowed: boolean;
}

const RARE: readonly { name: Amount; label: string; hint: string }[] = [
  {
    name: "cache_read_usd_per_mtok",
    label: "Input from the cache",
    hint: "as input, where left out",
  },
  { name: "cache_write_usd_per_mtok", label: "Cache written", hint: "as input, where left out" },
  {
    name: "cache_write_1h_usd_per_mtok",
    label: "Cache written for an hour",
    hint: "as cache written, where left out",
  },
  { name: "reasoning_usd_per_mtok", label: "Reasoning", hint: "as output, where left out" },
  { name: "per_call_usd", label: "Each call", hint: "in dollars, beside its tokens" },
  { name: "discount_percent", label: "Discount", hint: "percent of the sum" },
];

export function PriceForm({ draft, editing, before, isAllowed }: Props) {
  const { typed } = editing;
  const wrong = wrongOf(typed);
  const put = (change: Partial<TypedPrice>) =>
    draft.set({ ...editing, typed: { ...typed, ...change } });
  const field = (name: keyof TypedPrice, label: string, hint?: string) => (
    <TextField
      label={label}
      value={typed[name]}
      onChange={(text) => put({ [name]: text })}
      // What is still empty is not yet wrong.
      error={typed[name] === "" ? undefined : wrong[name]}
      isDisabled={!isAllowed}
      maxLength={200}
      autoComplete="off"
      mono
      {...(hint ? { hint } : {})}
    />
  );
  const hasRare = RARE.some(({ name }) => typed[name] !== "");
  return (
    <Section title={before ? "Change a price" : "Set a price"}>
      <div className={styles.form}>
        <div className={styles.two}>
          {field("model", "Model", "a name, or a pattern: llama-*")}
          {field("provider", "Provider", "any, where left out")}
        </div>
        <div className={styles.two}>
          {field("input_usd_per_mtok", "Input, $ per million tokens")}
          {field("output_usd_per_mtok", "Output, $ per million tokens")}
        </div>
        <div className={styles.two}>
          {field("from", "From (UTC)", "2026-01-31; since ever, where left out")}
          {field("until", "Until (UTC)", "the first day that it no longer holds")}
        </div>
        <Disclosure title="Cache, reasoning, each call, discount" startsOpen={hasRare}>
          <div className={styles.two}>
            {RARE.map(({ name, label, hint }) => (
              <div key={name}>{field(name, label, hint)}</div>
            ))}
          </div>
        </Disclosure>
        <SaveBar
          draft={draft}
          isAllowed={isAllowed}
          isWrong={Object.keys(wrong).length > 0}
          act="Save price"
          isForm
        />
      </div>
    </Section>
  );
}
