/** Server-sent events of a stream that was fetched (an EventSource can't name a project). */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  /** What `Last-Event-ID` names to go on from here; "" where it has none. */
  readonly id: string;
}

/** Ends with the stream. Comments are left out; an event cut off by the end is none. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = stream.pipeThrough(new TextDecoderStream() as never).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = (await reader.read()) as { done: boolean; value?: string };
      if (done) return;
      rest += value ?? "";
      // A line may end in CR, LF or both; a lone CR at the very end may be half of both.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      let used = 0;
      for (let at = 0; at < lines.length - 1; at++) {
        if (lines[at] !== "") continue;
        const event = readEvent(lines.slice(used, at));
        used = at + 1;
        if (event) yield event;
      }
      rest = lines.slice(used).join("\n");
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function readEvent(lines: readonly string[]): ServerEvent | null {
  let name = "message";
  let id = "";
  const data: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  return data.length > 0 ? { name, data: data.join("\n"), id } : null;
}
