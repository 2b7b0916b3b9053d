/**
 * A session in 120 px: one mark for each slice of its steps, the loudest of the slice.
 *
 * Height says as much as color: errors fill the line and hang below it, people stand above it, all
 * else is a low band. One path for each kind of mark keeps a list of fifty small.
 */
import { counted } from "@/format";
import css from "./Shape.module.css";

interface Look {
  readonly word: string;
  readonly many: string;
  readonly color: string;
  readonly top: number;
  readonly height: number;
}

const low = (word: string, many: string, color: string): Look => ({
  word,
  many,
  color,
  top: 7,
  height: 6,
});

const LOOKS: Record<string, Look> = {
  x: { word: "error", many: "errors", color: "--failure", top: 3, height: 17 },
  r: { word: "recovered error", many: "recovered errors", color: "--muted", top: 3, height: 14 },
  h: { word: "act of a person", many: "acts of people", color: "--kind-human", top: 0, height: 13 },
  ">": { word: "handoff", many: "handoffs", color: "--kind-agent", top: 4, height: 12 },
  a: low("agent", "agents", "--kind-agent"),
  m: low("model", "models", "--kind-model"),
  t: low("tool", "tools", "--kind-tool"),
  k: low("retrieval", "retrievals", "--kind-retrieval"),
  g: low("guardrail", "guardrails", "--kind-guardrail"),
  e: low("evaluation", "evaluations", "--kind-evaluation"),
  y: low("memory", "memory", "--kind-memory"),
  s: low("step", "steps", "--kind-step"),
};

const HEIGHT = 20;

export interface ShapeProps {
  /** As the API tells it; "" = not read yet. */
  readonly shape: string;
  readonly width?: number;
  readonly asTable?: boolean;
}

export function Shape({ shape, width = 120, asTable = false }: ShapeProps) {
  if (shape === "") return <span className={css.none}>—</span>;
  const name = tellShape(shape);
  if (asTable) return <span>{name}</span>;
  // Marks of a short session stay narrow: three steps are not forty times as wide as 120.
  const step = Math.min(6, width / shape.length);
  return (
    <svg className={css.shape} width={width} height={HEIGHT} role="img" aria-label={name}>
      <title>{name}</title>
      {pathsOf(shape, step).map(([mark, path]) => (
        <path key={mark} d={path} fill={`var(${lookOf(mark).color})`} />
      ))}
    </svg>
  );
}

/** "120 marks: 2 errors, 3 acts of people; mostly tool" — for those who don't see it. */
export function tellShape(shape: string): string {
  const counts = new Map<string, number>();
  for (const mark of shape) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  const loud = ["x", "r", "h", ">"]
    .filter((mark) => counts.has(mark))
    .map((mark) => counted(counts.get(mark) ?? 0, lookOf(mark).word, lookOf(mark).many));
  const quiet = [...counts]
    .filter(([mark]) => !["x", "r", "h", ">"].includes(mark))
    .sort((a, b) => b[1] - a[1])
    .map(([mark]) => lookOf(mark).word);
  const parts = [...loud, ...(quiet[0] ? [`mostly ${quiet[0]}`] : [])];
  return `Shape of the session: ${parts.join(", ")}`;
}

function pathsOf(shape: string, step: number): [string, string][] {
  const paths = new Map<string, string>();
  const gap = step > 3 ? 1 : 0;
  let index = 0;
  while (index < shape.length) {
    const mark = shape[index] ?? "s";
    let end = index + 1;
    // Neighbors of one kind are one bar where they would touch anyway.
    while (gap === 0 && shape[end] === mark) end += 1;
    const { top, height } = lookOf(mark);
    const x = (index * step).toFixed(1);
    const width = Math.max(1, (end - index) * step - gap).toFixed(1);
    paths.set(mark, `${paths.get(mark) ?? ""}M${x},${top}h${width}v${height}h-${width}z`);
    index = end;
  }
  // Errors and people last, so that nothing covers them.
  return [...paths].sort(([a], [b]) => lookOf(a).height - lookOf(b).height);
}

function lookOf(mark: string): Look {
  const known = Object.hasOwn(LOOKS, mark) ? LOOKS[mark] : undefined;
  return known ?? low("step", "steps", "--kind-step");
}
