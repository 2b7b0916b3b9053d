/** Text of strangers: what it hides is shown, nothing runs, no size freezes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, fold, piecesOf, safeCut, visibleText } from "@/parts/hostile";

const HIDES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be left.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Cs}|[\u{e0000}-\u{e007f}]/u;

describe("what is not seen is written out", () => {
  test.each([
    ["pay \u202eevil\u202c now", "pay ⟨U+202E⟩evil⟨U+202C⟩ now"],
    ["a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"],
    ["zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"],
    ["\u001b[31mred\u001b[0m", "⟨ESC[31m⟩red⟨ESC[0m⟩"],
    ["\u001b]8;;http://x.test\u0007link", "⟨ESC⟩]8;;http://x.test⟨U+0007⟩link"],
    ["nul\u0000", "nul⟨U+0000⟩"],
    ["half \ud83d pair", "half ⟨U+D83D⟩ pair"],
    ["\udc00", "⟨U+DC00⟩"],
    ["tags \u{e0041}\u{e0042}", "tags ⟨U+E0041⟩⟨U+E0042⟩"],
    ["smuggled a\u{e0101}\u{e0102}", "smuggled a⟨U+E0101⟩⟨U+E0102⟩"],
    ["over\rwritten", "over⟨U+000D⟩written"],
    ["line\u2028sep", "line⟨U+2028⟩sep"],
    ["filler \u3164", "filler ⟨U+3164⟩"],
    ["soft\u00adhyphen", "soft⟨U+00AD⟩hyphen"],
    [`Z${"\u0336".repeat(40)}`, "Z⟨40 combining marks⟩"],
  ])("%j", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test("but writing that needs joiners, and pictures, stay as they are", () => {
    for (const text of [
      "👨‍👩‍👧‍👦 and 🏳️‍🌈",
      "می‌خواهم",
      "क्‍ष",
      "naïve café",
      "שלום",
      "tab\tand\nline",
      "👍🏽",
      "❤️",
    ]) {
      expect(visibleText(text)).toBe(text);
    }
  });

  test("markup is text like any other", () => {
    for (const text of [
      "<script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "javascript:alert(1)",
      "</textarea><svg onload=alert(1)>",
      "{{constructor.constructor('alert(1)')()}}",
    ]) {
      expect(piecesOf(text)).toEqual([{ kind: "text", text }]);
    }
  });

  test("nothing hidden is left of any text", () => {
    const nasty = fc.constantFrom(
      "\u202e", "\u0000", "\ud800", "\udfff", "\u200d", "\u001b[2J", "\u{e0061}", "\ufeff",
    ); // biome-ignore format: to be read at once
    const any = fc.array(fc.oneof(nasty, fc.string({ unit: "binary" })), { maxLength: 30 });
    fc.assert(
      fc.property(any, (parts) => {
        const text = parts.join("");
        expect(visibleText(text, 10_000)).not.toMatch(HIDES);
      }),
      { numRuns: 100 },
    );
  });
});

describe("base64 is named and not shown", () => {
  const png = `iVBORw0KGgo${"Qk1abc9+/XyZ".repeat(200)}`;
  test("with the media type that the text or its first bytes tell", () => {
    const [before, data, after] = piecesOf(`see data:image/webp;base64,${png}== end`);
    expect(before).toEqual({ kind: "text", text: "see " });
    expect(data).toMatchObject({ kind: "data", media: "image/webp" });
    expect(after).toEqual({ kind: "text", text: " end" });
    expect(piecesOf(`"${png}"`)[1]).toMatchObject({ kind: "data", media: "image/png" });
  });

  test("but a digest, a long word and a long line of one letter are text", () => {
    for (const text of ["3f9a".repeat(200), "a".repeat(5_000), "word ".repeat(1_000)]) {
      expect(piecesOf(text)).toEqual([{ kind: "text", text }]);
    }
  });

  test("two blobs are two", () => {
    const kinds = piecesOf(`${png}, ${png}`).map((piece) => piece.kind);
    expect(kinds).toEqual(["data", "text", "data"]);
  });
});

describe("long texts", () => {
  test("show their first and last part with the bytes between", () => {
    const text = `start${"é".repeat(50_000)}end`;
    const folded = fold(text, 20_000, 4_000);
    expect(folded.head).toHaveLength(4_000);
    expect(folded.tail).toHaveLength(4_000);
    expect(folded.bytesBetween).toBe(bytesOf(text) - bytesOf(folded.head) - bytesOf(folded.tail));
    expect(fold("short", 20_000, 4_000).bytesBetween).toBe(0);
  });

  test("are never cut inside a character", () => {
    expect(safeCut("a😀b", 2)).toBe(1);
    expect(safeCut("a😀b", 3)).toBe(3);
  });

  // The page draws what is folded, never the whole: its work is bounded by this, not by the text.
  test.each([
    ["one line of a letter", "x".repeat(10_000_000)],
    ["words", "lorem ipsum ".repeat(800_000)],
    ["base64", "aB3+".repeat(2_500_000)],
  ])("of ten megabytes are drawn as eight thousand characters: %s", (_, text) => {
    const folded = fold(text, 20_000, 4_000);
    expect(folded.head.length + folded.tail.length).toBeLessThanOrEqual(8_000);
    const drawn = [...piecesOf(folded.head), ...piecesOf(folded.tail)];
    expect(drawn.length).toBeLessThanOrEqual(8_000);
  });

  test("of nothing but control characters become few marks", () => {
    const pieces = piecesOf("\u0000\u202e".repeat(32_000));
    expect(pieces.length).toBeLessThan(2_100);
    const mixed = piecesOf("a\u202e".repeat(32_000));
    expect(mixed.length).toBeLessThan(2_100);
  });
});
