/** The words of the cost tables: which cuts there are, and what their rows stand for. Pure. */
import type { components } from "@/api/schema";

export type Cut = components["schemas"]["CostCut"];
export type Row = components["schemas"]["CostRow"];
export type By = Cut["by"];

export interface CutWords {
  readonly by: By;
  readonly title: string;
  readonly row: string;
  readonly means: string;
}

/** In the order of the page. */
export const CUTS: readonly CutWords[] = [
  {
    by: "model",
    title: "By model and role",
    row: "Model",
    means: "Each model in the role of the agent that called it.",
  },
  {
    by: "agent",
    title: "By agent",
    row: "Agent",
    means: "The agent that made the call.",
  },
  {
    by: "tool",
    title: "By tool",
    row: "Tool",
    means: "Model calls by the tools that they asked for, or within which they ran.",
  },
  {
    by: "attempt",
    title: "By attempt",
    row: "Attempt",
    means: "First tries, retries of the same call, and fallbacks to another model.",
  },
  {
    by: "waste",
    title: "Used and wasted",
    row: "What became of it",
    means: "Failed calls, and answers that were thrown away. Of a failed session all is wasted.",
  },
  {
    by: "purpose",
    title: "By purpose",
    row: "Purpose",
    means: "The work itself, and what evaluators and guards spent.",
  },
];

/** A cut with one row tells nothing that the total does not. */
export function tellsSomething(cut: Cut): boolean {
  return cut.rows.length > 1 || cut.by === "model";
}

export const REASONS: Record<"unknown_price" | "no_usage" | "partial_usage", string> = {
  unknown_price: "no price is known for this model",
  no_usage: "the sender told no tokens",
  partial_usage: "the sender told only a part of the tokens that the price needs",
};

export interface Part {
  readonly key: string;
  readonly usd: number;
}

/** The dearest rows and all others as one, so that a bar adds up to the total. */
export function partsOf(rows: readonly Row[], most = 5): Part[] {
  const priced = rows
    .map((row) => ({ key: row.key, usd: Number(row.cost_usd ?? 0) }))
    .filter((part) => part.usd > 0);
  if (priced.length <= most) return priced;
  const rest = priced.slice(most - 1).reduce((sum, part) => sum + part.usd, 0);
  return [...priced.slice(0, most - 1), { key: `${priced.length - most + 1} others`, usd: rest }];
}
