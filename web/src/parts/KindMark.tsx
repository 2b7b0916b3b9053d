/** What a step or span is: icon, word and color. The word is always there, at least to be read out. */
import {
  ArrowLeftRight,
  BookOpen,
  Bot,
  Brain,
  Database,
  Flag,
  GitBranch,
  Hand,
  type LucideIcon,
  MessageSquare,
  Scale,
  Shield,
  Square,
  Wrench,
} from "lucide-react";
import type { ReactNode } from "react";
import css from "./KindMark.module.css";

/** Those with a color of their own; others (handoff, user, outcome, session) have the step's. */
const KINDS: Record<string, { icon: LucideIcon; word: string; color: string }> = {
  agent: { icon: Bot, word: "agent", color: "--kind-agent" },
  model: { icon: Brain, word: "model", color: "--kind-model" },
  tool: { icon: Wrench, word: "tool", color: "--kind-tool" },
  retrieval: { icon: BookOpen, word: "retrieval", color: "--kind-retrieval" },
  human: { icon: Hand, word: "person", color: "--kind-human" },
  memory: { icon: Database, word: "memory", color: "--kind-memory" },
  guardrail: { icon: Shield, word: "guardrail", color: "--kind-guardrail" },
  evaluation: { icon: Scale, word: "evaluation", color: "--kind-evaluation" },
  step: { icon: Square, word: "step", color: "--kind-step" },
  handoff: { icon: ArrowLeftRight, word: "handoff", color: "--kind-agent" },
  user: { icon: MessageSquare, word: "user", color: "--kind-human" },
  answer: { icon: MessageSquare, word: "answer", color: "--kind-model" },
  outcome: { icon: Flag, word: "outcome", color: "--kind-step" },
  parallel: { icon: GitBranch, word: "parallel", color: "--kind-step" },
};

export interface KindMarkProps {
  readonly kind: string;
  /** Instead of the kind's own word. "" = the icon alone, with the word read out. */
  readonly text?: ReactNode;
}

export function KindMark({ kind, text }: KindMarkProps) {
  const { icon: Icon, word } = kindOf(kind);
  return (
    <span className={css.mark} style={{ color: `var(${kindColor(kind)})` }} data-kind={kind}>
      <Icon aria-hidden />
      {text === "" ? <span className="visually-hidden">{word}</span> : <span>{text ?? word}</span>}
    </span>
  );
}

/** The custom property that holds the color of a kind: `--kind-tool`. */
export function kindColor(kind: string): string {
  return kindOf(kind).color;
}

export function kindWord(kind: string): string {
  return kindOf(kind).word;
}

function kindOf(kind: string) {
  return Object.hasOwn(KINDS, kind) && KINDS[kind]
    ? KINDS[kind]
    : { icon: Square, word: kind || "step", color: "--kind-step" };
}
