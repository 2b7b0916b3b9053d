"""Settings can be tried and counted before they are kept, and no change is lost unseen."""

import asyncio
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.conftest import HOUR, NOW, World, bearer
from api.made import conversation, store
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import ModelUse, Session, SessionCost
from quarterdeck.normalize.hidden import Place
from quarterdeck.normalize.redact import Pattern, Redactor
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions

DAY = 24 * HOUR
SECRETS = "key sk-abcdefgh12345678901, é password=hunter2222 and emp-55 emp-1"


async def test_a_pattern_is_tried_on_a_text_before_it_is_kept(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme", "read", "admin"))) as client:
        form = {"text": SECRETS, "patterns": [r"emp-\d+"]}
        told = (await client.post("/api/v1/project/redaction/try", json=form)).json()
        await client.put("/api/v1/project", json={"redaction_patterns": ["hunt"]})
        own = (await client.post("/api/v1/project/redaction/try", json={"text": "hunting"})).json()
        bad = await client.post(
            "/api/v1/project/redaction/try", json={"text": "x", "patterns": ["("]}
        )
        empty = await client.put("/api/v1/project", json={"redaction_patterns": ["x*"]})
    assert told["text"] == (
        "key [redacted:api_key], é password=[redacted:password] and [redacted:project]"
        " [redacted:project]"
    )
    hidden = [(SECRETS[one["start"] : one["end"]], one["kind"]) for one in told["hidden"]]
    assert hidden == [
        ("sk-abcdefgh12345678901", "api_key"),
        ("hunter2222", "password"),
        ("emp-55", "project"),
        ("emp-1", "project"),
    ]
    assert own["text"] == "[redacted:project]ing"
    # One that matches the empty text would be left out in silence when data comes.
    assert (bad.status_code, empty.status_code) == (422, 422)


def test_a_pattern_that_hits_a_replacement_twice_hides_one_place() -> None:
    redactor = Redactor([Pattern(name="project", regex=one) for one in ("x", "e")])
    clean, places = redactor.explain("a x b x")
    assert clean == redactor.redact_text("a x b x")
    assert places == [Place(2, 3, "project"), Place(6, 7, "project")]


async def test_patterns_that_replace_each_others_replacements_are_refused(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme", "read", "admin"))) as client:
        form = {"text": "e" * 90_000, "patterns": ["e", "d", "r"]}
        answer = await client.post("/api/v1/project/redaction/try", json=form)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "too_much_replaced")


async def test_who_may_only_read_tries_no_patterns(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        answer = await client.post("/api/v1/project/redaction/try", json={"text": "x"})
    assert answer.status_code == 403


WORDS = st.sampled_from(
    ["sk-abcdefgh12345678901", "password=hunter2222", "emp-55", "[redacted:api_key]", "é", " ", "x"]
)


@given(st.lists(WORDS, max_size=12), st.lists(st.sampled_from([r"emp", r"[a-z]+:", "x"])))
def test_what_was_hidden_explains_what_is_stored(words: list[str], patterns: list[str]) -> None:
    """The text as it was, without the places, is the stored text without the markers."""
    text = "".join(words)
    redactor = Redactor([Pattern(name="project", regex=one) for one in patterns])
    clean, places = redactor.explain(text)
    assert clean == redactor.redact_text(text)
    was = now = 0
    for place in (*places, Place(len(text), len(text), "")):
        assert was <= place.start <= place.end
        shown = text[was : place.start]
        assert clean.startswith(shown, now) if not was else shown in clean[now:]
        now = clean.index(shown, now) + len(shown)
        was = place.end
    assert clean.endswith(text[places[-1].end :]) if places else clean == text


async def test_two_who_change_settings_at_once_do_not_overwrite_each_other(world: World) -> None:
    async with world.client(headers=bearer(world.key("acme", "read", "admin"))) as client:
        read = (await client.get("/api/v1/project")).json()["revision"]
        forms = [
            {"retention_days": 30, "if_revision": read},
            {"session_key": "ticket", "if_revision": read},
        ]
        answers = await asyncio.gather(
            *(client.put("/api/v1/project", json=form) for form in forms)
        )
        assert sorted(one.status_code for one in answers) == [200, 409]
        [late] = [one for one in answers if one.status_code == 409]
        assert late.json()["error"]["code"] == "changed_meanwhile"
        now = (await client.get("/api/v1/project")).json()
        assert now["revision"] != read
        again = {"session_key": "", "if_revision": now["revision"], "retention_days": 7}
        assert (await client.put("/api/v1/project", json=again)).status_code == 200
        # Who does not ask for it replaces what is there, as before.
        assert (await client.put("/api/v1/project", json={})).status_code == 200
        assert (await client.get("/api/v1/project")).json()["revision"] == read


async def test_models_without_a_price_are_listed_with_their_sessions(world: World) -> None:
    known = store(world.events, "twin", conversation("s", trace=1), now_ns=world.clock())

    def use(model: str, calls: int, unpriced: int) -> ModelUse:
        return msgspec.structs.replace(
            known.models[0], model=model, calls=calls, unpriced_calls=unpriced, cost_usd=None
        )

    told = [
        Session(
            session_id=f"u-{number}", started_ns=NOW - (9 - number) * DAY, last_seen_ns=NOW,
            models=uses, cost=SessionCost(total_usd=Decimal(1)),
        )
        for number, uses in enumerate(
            [(use("odd, one", 3, 2), use("gpt-4o", 5, 0)), (use("odd, one", 4, 4), use("", 1, 1))]
        )
    ]  # fmt: skip
    write_sessions(world.events, [SessionRow(ProjectId("acme"), one, 1) for one in told])
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        rows = (await client.get("/api/v1/project/unpriced")).json()["models"]
        late = (await client.get("/api/v1/project/unpriced", params={"since": "8d"})).json()
        for row in rows:
            shown = await client.get("/api/v1/sessions", params={"q": row["q"]})
            assert len(shown.json()["sessions"]) == row["sessions"], row
    by_model = {row["model"]: row for row in rows}
    odd = by_model["odd, one"]
    assert (odd["calls"], odd["all_calls"], odd["sessions"]) == (6, 7, 2)
    assert "" in by_model
    assert "gpt-4o" not in by_model
    assert late["models"][0]["sessions"] == 1


@pytest.mark.parametrize(("days", "gone", "kept"), [(0, 0, 3), (1, 2, 1), (20, 1, 2), (90, 0, 3)])
async def test_what_a_retention_takes_is_told_in_numbers(
    world: World, days: int, gone: int, kept: int
) -> None:
    for number, ago in enumerate((HOUR, 10 * DAY, 30 * DAY)):
        raws = conversation(f"s-{number}", trace=number + 1, start_ns=NOW - ago)
        store(world.events, "acme", raws, now_ns=world.clock())
    async with world.client(headers=bearer(world.key("acme", "read", "admin"))) as client:
        asked = {"days": str(days)}
        told = (await client.get("/api/v1/project/retention", params=asked)).json()
    assert (told["sessions"], told["kept_sessions"], told["spans"]) == (gone, kept, 3 * gone)
    assert (told["before"] is None) == (days == 0)
    assert (told["oldest_at"] is None) == (gone == 0)
