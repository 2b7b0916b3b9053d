"""
The demo's work: five small shops whose staff write a note every evening, and what is asked.

The notes are the material a language model is for: numbers between other words.  The till's own
count, `till.csv`, is what a report is checked against.  Nothing here knows what a model will
make of the notes.  Three things are wrong with the files on purpose, as they are in real
folders: a note was saved in an old encoding, one was never written, and one is too long for a
model with a short context.  Nobody here exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One session's task.  `shop` is the folder that holds the answer, if there is one."""

    shop: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """What somebody wrote (None: nobody did), and what the till counted."""

    note: str | None
    sold: int


TASKS = (
    Task(shop="bakery", question="How many rolls did the bakery sell this week?"),
    Task(shop="cafe", question="How many coffees did the cafe sell this week?"),
    Task(shop="bookshop", question="How many books did the bookshop sell this week?"),
    Task(shop="florist", question="How many roses did the florist sell this week?"),
    Task(shop="kiosk", question="How many magazines did the kiosk sell this week?"),
    Task(shop="cinema", question="How many tickets did the cinema sell this week?"),
)
"""The last one can't be done: there is no cinema among the folders."""

OLD_ENCODING = "cp1252"
"""What the café's computer writes: its é is one byte, which is not UTF-8."""

_STOCKTAKING = """\
Stocktaking day, so this note is a long one. We counted the shelves from the door to the window: \
112 novels, 64 cookery books, 38 atlases, 20 dictionaries, 51 crime stories and 127 books for \
children, 412 books altogether. The two boxes from Monday were opened at last and put on the \
table in the middle. A shelf in the back room is loose again and the man with the drill comes \
next week. The school wants an offer for 30 readers, which has to be written tomorrow. The lamp \
over the till flickers, and the door sticks when it rains. At noon a class of 24 came in with \
their teacher and looked at everything, and three of them wanted to know how a book is bound, so \
we took an old one apart on the counter and showed them the thread, the glue and the boards. In \
the afternoon it rained and hardly anybody came, so we dusted the window and changed the cards. \
In the end we sold 6 books."""

_WEEKS: dict[str, tuple[Evening, ...]] = {
    "bakery": (
        Evening(note="Good start: 41 rolls sold.", sold=41),
        Evening(note="The baker came late. Sold 38 rolls.", sold=38),
        Evening(note="52 rolls today, all gone by two.", sold=52),
        Evening(note="Market day, 97 rolls!", sold=97),
        Evening(note="Three orders by phone. 64 rolls sold in all.", sold=64),
    ),
    "cafe": (
        Evening(note="Café open from 7. Sold 33 coffees.", sold=33),
        Evening(note="We had 18 guests and sold 27 coffees.", sold=27),
        Evening(note="The machine broke twice. Still 19 coffees sold.", sold=19),
        Evening(note="A party of 12 came in: 45 coffees sold that day.", sold=45),
        Evening(note="Quiet. 21 coffees.", sold=21),
    ),
    "bookshop": (
        Evening(note="14 books sold.", sold=14),
        Evening(note="Reading at 8 with 60 guests. Sold 31 books.", sold=31),
        Evening(note="No school today. Sold eleven books.", sold=11),
        Evening(note="Sold 9 books, but 2 were brought back.", sold=7),
        Evening(note=_STOCKTAKING, sold=6),
    ),
    "florist": (
        Evening(note="Sold a dozen roses.", sold=12),
        Evening(note="35 roses came from the market, we sold all but 5.", sold=30),
        Evening(note="Mother's day! 118 roses sold.", sold=118),
        Evening(note="8 roses before noon and 7 after.", sold=15),
        Evening(note="20 roses in the window, and at closing 3 were left.", sold=17),
    ),
    "kiosk": (
        Evening(note="Sold 88 magazines.", sold=88),
        Evening(note="Sold 79 magazines, rain all day.", sold=79),
        Evening(note="Sold 91 magazines.", sold=91),
        Evening(note=None, sold=84),
        Evening(note="Election: 160 magazines sold!", sold=160),
    ),
}


def write_shops(folder: Path) -> None:
    """Make `folder` with a folder for each shop and a week of files in each."""
    folder.mkdir()
    for shop, week in _WEEKS.items():
        (folder / shop).mkdir()
        till = ["day,sold"]
        for day, evening in zip(DAYS, week, strict=True):
            till.append(f"{day},{evening.sold}")
            if evening.note is not None:
                encoding = "utf-8" if evening.note.isascii() else OLD_ENCODING
                (folder / shop / f"{day}.txt").write_text(evening.note, encoding=encoding)
        (folder / shop / "till.csv").write_text("\n".join(till) + "\n")
