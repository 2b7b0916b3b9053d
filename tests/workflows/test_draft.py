"""Drafts: what was observed becomes a folder that is accepted, whatever the observed texts are."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.workflows.draft import (
    Draft,
    Observed,
    ObservedAgent,
    ObservedModel,
    ObservedPrompt,
    ObservedTool,
    draft,
)
from quarterdeck.workflows.folder import Reading, read
from quarterdeck.workflows.manifest import Folder


def reading_of(made: Draft) -> Reading:
    return read(Folder(files={path: text.encode() for path, text in made.files.items()}))


def test_agents_tools_models_and_prompts_become_a_manifest() -> None:
    observed = Observed(
        sessions=3,
        agents=(
            ObservedAgent(
                name="Order agent",
                role="support",
                models=(
                    ObservedModel(
                        model="gpt-5", provider="openai", calls=7, parameters={"temperature": 0.2}
                    ),
                    ObservedModel(model="gpt-5-mini", provider="openai", calls=2),
                ),
                prompts=(
                    ObservedPrompt(text="You help.", calls=5),
                    ObservedPrompt(text="You help today.", calls=2),
                ),
                tools=("refund",),
                handoffs=("judge", "Order agent"),
            ),
            ObservedAgent(name="judge", models=(ObservedModel(model="gpt-5-mini"),)),
        ),
        tools=(
            ObservedTool(
                name="refund", description="Pays back.", parameters={"type": "object"}, approvals=2
            ),
            ObservedTool(name="transfer_to_judge"),
        ),
    )
    made = draft(observed, name="refunds")
    reading = reading_of(made)
    manifest = reading.manifest
    assert reading.errors == ()
    assert manifest is not None
    agent = manifest.agents["Order-agent"]
    assert (agent.role, agent.tools, agent.handoffs) == ("support", ("refund",), ("judge",))
    assert reading.prompts == {"Order-agent": "You help.\n"}
    assert manifest.tools["refund"].permission == "ask"
    assert reading.tools["refund"]["parameters"] == {"type": "object"}
    targets = manifest.models["Order-agent"].targets
    assert [target.model for target in targets] == ["gpt-5", "gpt-5-mini"]
    assert targets[0].parameters == {"temperature": 0.2}
    notes = "\n".join(made.notes)
    assert "The agent 'Order agent' is called Order-agent here." in notes
    assert "2 system prompts: the file has the one of 5 of 7 calls" in notes
    assert "No system prompt of judge was seen." in notes
    assert "transfer_to_" in notes


def test_a_draft_has_no_reserved_name() -> None:
    reading = reading_of(draft(Observed(sessions=1), name="drafts"))
    assert reading.manifest is not None
    assert reading.manifest.name == "drafts-2"


def test_a_schema_that_refers_outside_is_left_out_with_a_note() -> None:
    tool = ObservedTool(name="t", parameters={"$ref": "https://example.org/x.json"})
    made = draft(Observed(sessions=1, tools=(tool,)), name="x")
    assert reading_of(made).errors == ()
    assert list(made.files) == ["workflow.yaml"]
    assert "What t takes was told in a form that is no JSON Schema." in made.notes


nasty = st.text(max_size=40) | st.sampled_from(
    [
        "on", "No", "1e3", "0x1F", "null", "~", "", " ", "a: b", "- a", "#", "'", '"', "\n---\n",
        "&a", "*a", "!!x", "../../etc/passwd", "a/b", "A", "a", "\x00", "\ud800", "\u2028", "\x85",
        "\x1b[31m", "${env:X}", "<<", "a" * 500, "sk-abcdefghijklmnop", "é", "{{x}}", "%", "@", "`",
        "\ufeff", "1.5",
    ]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | nasty,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=6,
)
models = st.builds(
    ObservedModel,
    model=nasty,
    provider=nasty,
    parameters=st.dictionaries(nasty, json_values, max_size=3),
)
agents = st.builds(
    ObservedAgent,
    name=nasty,
    role=nasty,
    models=st.lists(models, max_size=3).map(tuple),
    prompts=st.lists(st.builds(ObservedPrompt, text=nasty), max_size=2).map(tuple),
    tools=st.lists(nasty, max_size=3).map(tuple),
    handoffs=st.lists(nasty, max_size=3).map(tuple),
)
schemas: st.SearchStrategy[dict[str, Any] | None] = st.none() | st.dictionaries(
    nasty | st.sampled_from(["type", "properties", "$ref", "required", "pattern"]),
    json_values,
    max_size=3,
)
tools = st.builds(
    ObservedTool,
    name=nasty,
    description=nasty,
    parameters=schemas,
    approvals=st.integers(0, 2),
)


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        Observed,
        sessions=st.integers(0, 9),
        agents=st.lists(agents, max_size=4).map(tuple),
        tools=st.lists(tools, max_size=4).map(tuple),
    ),
    nasty,
)
def test_a_draft_of_any_texts_is_accepted(observed: Observed, name: str) -> None:
    made = draft(observed, name=name)
    reading = reading_of(made)
    assert reading.errors == ()
    assert reading.manifest is not None
    assert len(reading.manifest.agents) == max(1, len(observed.agents))
    assert set(reading.folder.files) == set(made.files)
