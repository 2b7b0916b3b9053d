/** The part of MarkdownText that is loaded when first needed. */
import Markdown, { type Components } from "react-markdown";
import { piecesOf } from "./hostile";
import css from "./MarkdownText.module.css";

const ALLOWED = [
  "p", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br",
  "h1", "h2", "h3", "h4", "h5", "h6", "a", "img",
]; // biome-ignore format: a list to be read at once.

const COMPONENTS: Components = {
  a: ({ children, href }) => (
    <span className={css.link}>
      {children}
      {href && <span className={css.address}> ({href})</span>}
    </span>
  ),
  img: ({ alt, src }) => (
    <span className={css.link}>
      [image{alt ? `: ${alt}` : ""}]
      {typeof src === "string" && <span className={css.address}> ({src})</span>}
    </span>
  ),
  // Headings of a message are not headings of our page.
  h1: ({ children }) => <p className={css.heading}>{children}</p>,
  h2: ({ children }) => <p className={css.heading}>{children}</p>,
  h3: ({ children }) => <p className={css.heading}>{children}</p>,
  h4: ({ children }) => <p className={css.heading}>{children}</p>,
  h5: ({ children }) => <p className={css.heading}>{children}</p>,
  h6: ({ children }) => <p className={css.heading}>{children}</p>,
};

export default function MarkdownRendered({ text }: { text: string }) {
  const shown = piecesOf(text)
    .map((piece) => (piece.kind === "data" ? `[${piece.media}]` : piece.text))
    .join("");
  return (
    <div className={css.markdown} dir="auto">
      <Markdown
        skipHtml={false}
        allowedElements={ALLOWED}
        unwrapDisallowed
        components={COMPONENTS}
        // Addresses are shown, never followed: what they say must not be cleaned away.
        urlTransform={(address) => address}
      >
        {shown}
      </Markdown>
    </div>
  );
}
