/** Tokens in and out; the input includes the cached ones. */
import { exactCount, formatTokens, type TokenCounts } from "@/format";
import css from "./Figures.module.css";

export type TokensProps = TokenCounts;

export function Tokens({ input, cached, output }: TokensProps) {
  const shown = formatTokens({
    input: input ?? null,
    cached: cached ?? null,
    output: output ?? null,
  });
  const parts = [
    `${exactCount(input)} in`,
    ...(cached ? [`of it ${exactCount(cached)} cached`] : []),
    `${exactCount(output)} out`,
  ];
  return (
    <span
      className={`${css.figure} ${shown === "unknown" ? css.muted : ""}`}
      title={shown === "unknown" ? undefined : parts.join(" · ")}
    >
      {shown}
    </span>
  );
}
