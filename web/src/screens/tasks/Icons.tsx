/** The icons of the picture once, for all its nodes to point at. */
import {
  ArrowLeftRight,
  BookOpen,
  Bot,
  Brain,
  Database,
  Ellipsis,
  Flag,
  GitBranch,
  Hand,
  type LucideIcon,
  MessageSquare,
  Shield,
  Square,
  Wrench,
} from "lucide-react";
import type { ICONS } from "./NodeBox";

const DRAWN: Record<(typeof ICONS)[number], LucideIcon> = {
  start: Flag,
  tool: Wrench,
  parallel: GitBranch,
  handoff: ArrowLeftRight,
  human: Hand,
  answer: MessageSquare,
  agent: Bot,
  model: Brain,
  retrieval: BookOpen,
  guardrail: Shield,
  memory: Database,
  step: Square,
  others: Ellipsis,
};

export function Icons() {
  return (
    <svg width="0" height="0" aria-hidden focusable="false">
      <defs>
        {Object.entries(DRAWN).map(([kind, Icon]) => (
          <symbol key={kind} id={`way-${kind}`} viewBox="0 0 24 24">
            <Icon size={24} strokeWidth={2} />
          </symbol>
        ))}
        <pattern
          id="way-few"
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <path d="M0 0V6" stroke="var(--line-control)" strokeWidth="1.5" />
        </pattern>
      </defs>
    </svg>
  );
}
