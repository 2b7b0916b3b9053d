"""
Langfuse's attributes, as each generation of its SDKs writes them.  Pure; some milliseconds.
"""

from typing import Any

import pytest

from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.normalize.normalize import normalize_span, read_content


def span(**attributes: Any) -> RawSpan:
    return RawSpan(
        trace_id="a" * 32,
        span_id="b" * 16,
        name="s",
        start_ns=1,
        end_ns=2,
        attributes={f"langfuse.{key.replace('__', '.')}": v for key, v in attributes.items()},
        resource=Resource(scope_name="langfuse-sdk"),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"chat"', "chat"),  # Python 5
        ("chat", "chat"),  # Python 3, JavaScript
        ('{"a": [1]}', {"a": [1]}),
        ('"3"', "3"),
        ({"a": 1}, {"a": 1}),  # events: never text
        ('"cut', '"cut'),
    ],
)
def test_metadata_means_the_same_from_every_sdk(written: Any, meant: Any) -> None:
    raw = span(observation__metadata__channel=written)
    assert read_content(raw).metadata == {"channel": meant}


def test_a_role_in_metadata_is_read_with_and_without_quotes() -> None:
    for written in ("planner", '"planner"'):
        raw = span(observation__type="agent", observation__metadata__agent_role=written)
        assert normalize_span(raw).agent_role == "planner"


def test_an_item_of_an_experiment_is_a_trial_of_its_case() -> None:
    found = normalize_span(span(experiment__name="exp 1", experiment__item__id="item-1"))
    assert (found.experiment, found.case, found.tags) == (True, "item-1", ("experiment:exp 1",))
    plain = normalize_span(span(observation__type="span"))
    assert (plain.experiment, plain.case, plain.tags) == (False, "", ())


def test_the_input_and_output_of_a_trace_are_shown_where_its_span_has_none() -> None:
    content = read_content(span(trace__input='{"q": 1}', trace__output="done"))
    assert (content.input, content.output) == ({"q": 1}, "done")
    own = read_content(span(trace__input="whole", observation__input="own"))
    assert own.input == "own"
