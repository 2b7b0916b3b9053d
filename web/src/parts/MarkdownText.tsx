/**
 * Markdown of strangers as an option per block: bold, lists, code. No HTML, no images, and links
 * as text with their address beside it.
 *
 * Loaded when first asked for. What is too long or too deep to be laid out safely, or not readable
 * as Markdown, is shown as the plain text that it is.
 */
import { Component, lazy, type ReactNode, Suspense } from "react";
import { HostileText } from "./HostileText";

const Rendered = lazy(() => import("./MarkdownRendered"));

/** A transcript's message is some kB; above this, plain text is the quicker reading anyway. */
const LONGEST = 20_000;
/** Each `>` nests once more: 20,000 of them would be a tree that no browser lays out. */
const DEEP = /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){12,}|^[ \t]{60,}\S|[[(*_`~]{100,}/m;

export function MarkdownText({ text }: { text: string }) {
  const plain = <HostileText text={text} />;
  if (text.length > LONGEST || DEEP.test(text)) return plain;
  return (
    <OrPlain plain={plain}>
      <Suspense fallback={plain}>
        <Rendered text={text} />
      </Suspense>
    </OrPlain>
  );
}

class OrPlain extends Component<{ plain: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? this.props.plain : this.props.children;
  }
}
