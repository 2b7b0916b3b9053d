"""
HTML for notebooks, in which a stranger's text can be nothing but text.

`tag` escapes every child that it did not make itself, so forgetting to escape is impossible and
not a matter of care.  There is no script, no link, no image and no address of any kind: what is
shown asks nobody for anything.  Attributes are ours alone: a class and a width.

Colors come from the notebook: text is its own color at several strengths, and the few hues are
used for marks and bars only, which need less contrast than words and stand on white and on
black alike.  So light and dark themes need no rule each, whichever way they are told apart.
"""

from __future__ import annotations

from html import escape

from quarterdeck.sdk.shown import printable

Child = str | None


class Html(str):
    """Text that is HTML already.  Made in this file only."""

    __slots__ = ()


NOTHING = Html("")


def tag(name: str, *children: Child, css: str = "", width: str = "", hint: str = "") -> Html:
    """`<name class=css style=width title=hint>children</name>`; a child that is None is nothing."""
    attributes = f' class="{escape(css)}"' if css else ""
    attributes += f' style="{escape(width)}"' if width else ""
    attributes += f' title="{escape(printable(hint))}"' if hint else ""
    return Html(f"<{name}{attributes}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    return Html(
        "".join(
            child if isinstance(child, Html) else escape(printable(child))
            for child in children
            if child is not None
        )
    )


def span(css: str, *children: Child, hint: str = "") -> Html:
    return tag("span", *children, css=f"qd-{css}", hint=hint)


def table(head: list[Child], rows: list[list[Child]], *, words: int, css: str = "") -> Html:
    """The first `words` columns are text, the others numbers."""

    def cells(name: str, row: list[Child]) -> Html:
        return joined(
            *(tag(name, cell, css="" if at < words else "qd-n") for at, cell in enumerate(row))
        )

    return tag(
        "table",
        tag("thead", tag("tr", cells("th", head))),
        tag("tbody", *(tag("tr", cells("td", row)) for row in rows)),
        css=f"qd-t {css}".strip(),
    )


def details(title: str, *children: Child) -> Html:
    """Open, and can be folded."""
    return Html(f"<details open>{joined(tag('summary', title), *children)}</details>")


def page(*children: Child, css: str = "") -> Html:
    """The whole of one output, with its style: notebooks show outputs apart from each other."""
    return tag("div", Html(f"<style>{STYLE}</style>"), *children, css=f"qd {css}".strip())


# `.qd table.qd-t … :nth-child(n)`: Jupyter's own rules for tables are that specific.
STYLE = """
.qd{font:13px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:inherit;
 max-width:72rem;padding:2px 0 6px;overflow-wrap:anywhere;text-align:left}
.qd .qd-title{font-size:15px;font-weight:600;line-height:1.35}
.qd .qd-id{font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.qd .qd-dim{opacity:.68}
.qd .qd-facts{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:1px 14px;
 margin:8px 0 0}
.qd .qd-facts>.qd-k{opacity:.68}
.qd .qd-cols{display:flex;flex-wrap:wrap;gap:0 34px;align-items:flex-start}
.qd .qd-sec{margin:12px 0 0;min-width:0}
.qd .qd-wide{width:100%}
.qd .qd-scroll{overflow-x:auto}
.qd .qd-h{font-weight:600;margin:0 0 2px}
.qd table.qd-t{border-collapse:collapse;margin:0;border:0;font-size:12.5px;background:none;
 table-layout:auto;width:auto;color:inherit}
.qd table.qd-t thead tr:nth-child(n){border:0;background:none}
.qd table.qd-t thead tr:nth-child(n) th{font-weight:400;opacity:.68;padding:1px 16px 2px 0;border:0;
 border-bottom:1px solid color-mix(in srgb,currentColor 28%,transparent);text-align:left;
 vertical-align:bottom;background:none;color:inherit}
.qd table.qd-t tbody tr:nth-child(n){background:none;border:0}
.qd table.qd-t tbody tr:nth-child(n) td{padding:2px 16px 2px 0;border:0;
 border-bottom:1px solid color-mix(in srgb,currentColor 12%,transparent);text-align:left;
 vertical-align:top;background:none;color:inherit;white-space:normal;max-width:34rem;
 overflow-wrap:break-word}
.qd table.qd-t tr:nth-child(n) .qd-n:nth-child(n){text-align:right;white-space:nowrap;
 font-variant-numeric:tabular-nums}
.qd table.qd-t tr:nth-child(n)>:last-child{padding-right:0}
.qd ul.qd-l{list-style:none;margin:0;padding:0}
.qd ul.qd-l li{margin:0 0 3px;padding:0}
.qd ul.qd-l li>div{opacity:.75;padding-left:14px}
.qd ul.qd-tree,.qd ul.qd-tree ul{list-style:none;margin:0;padding:0}
.qd ul.qd-tree ul{margin-left:5px;padding-left:14px;
 border-left:1px solid color-mix(in srgb,currentColor 22%,transparent)}
.qd ul.qd-tree li{margin:0;padding:0;line-height:1.6}
.qd .qd-kind{display:inline-block;min-width:4.6em;opacity:.68;font-size:12px}
.qd .qd-ok,.qd .qd-part,.qd .qd-bad,.qd .qd-gone,.qd .qd-open{font-weight:700}
.qd .qd-ok{color:#2a9d62}.qd .qd-part{color:#c08000}.qd .qd-bad{color:#dc4a4a}
.qd .qd-gone{color:#a765c9}.qd .qd-open{color:#2f8fc4}
.qd .qd-tagged{border:1px solid color-mix(in srgb,currentColor 30%,transparent);border-radius:3px;
 padding:0 5px;margin-right:4px;font-size:12px}
.qd .qd-bar{display:inline-block;position:relative;width:72px;height:9px;vertical-align:middle;
 border-bottom:1px solid color-mix(in srgb,currentColor 30%,transparent)}
.qd .qd-bar i{position:absolute;bottom:-1px;height:7px;background:#2f8fc4;opacity:.45}
.qd .qd-bar b{position:absolute;bottom:-2px;height:9px;width:2px;background:currentColor}
.qd details>summary{cursor:pointer;font-weight:600}
""".replace("\n ", " ")
