/** The parts of a message: text, thoughts, calls with their arguments, results, media. */
import type { components } from "@/api/schema";
import { formatBytes } from "@/format";
import { HostileText } from "@/parts/HostileText";
import { KindMark } from "@/parts/KindMark";
import { Bounded } from "../entries/Bounded";
import { Fields } from "../entries/Fields";
import css from "./Moment.module.css";

type Part = components["schemas"]["ShownPart"];

interface PartsProps {
  parts: readonly Part[];
  step: number;
  which: string;
  lines: number;
}

export function Parts({ parts, step, which, lines }: PartsProps) {
  return parts.map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never move.
    <div key={at} className={css.content} data-type={part.type}>
      {(part.type === "tool_call" || part.name) && (
        <KindMark kind="tool" text={<HostileText text={part.name ?? "tool"} inline max={60} />} />
      )}
      {part.fields && <Fields fields={part.fields} step={step} which={`${which}.${at}`} />}
      {part.text && (
        <Bounded
          text={part.text}
          step={step}
          sort={
            part.type === "reasoning"
              ? "thought"
              : part.type === "tool_result"
                ? "result"
                : "message"
          }
          which={`${which}.${at}`}
          lines={lines}
          mono={part.type === "tool_result"}
        />
      )}
      {part.media && (
        <p className={css.note}>
          {part.media.omitted}, {formatBytes(part.media.bytes)}, not shown
        </p>
      )}
    </div>
  ));
}

interface MessagesProps {
  messages: readonly { readonly parts: readonly Part[] }[];
  step: number;
  which: string;
  lines: number;
}

export function Messages({ messages, step, which, lines }: MessagesProps) {
  return messages.map((message, at) => (
    <Parts
      // biome-ignore lint/suspicious/noArrayIndexKey: the messages of a step never move.
      key={at}
      parts={message.parts}
      step={step}
      which={`${which}.${at}`}
      lines={lines}
    />
  ));
}
