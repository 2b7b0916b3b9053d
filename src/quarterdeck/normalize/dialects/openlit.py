"""
OpenLIT (1.45): the GenAI conventions with cost, agents' roles and goals, and graphs.

Input counts of Anthropic's models exclude cached tokens here; see `token_semantics.py`.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.scores import Score
from quarterdeck.normalize.attributes import money
from quarterdeck.normalize.dialect import Dialect, Draft, Recognizes, Source
from quarterdeck.normalize.synthesis import flag_of, number_of, word_of


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    target = word_of(attributes, "gen_ai.agent.target")
    source = word_of(attributes, "gen_ai.agent.source")
    if target and source and target != source:
        found.setdefault("handoff", HandoffHint(source=source, target=target, kind="hands_off"))
    if found["kind"] in ("agent", "step") and flag_of(attributes, "gen_ai.agent.human_input"):
        found.setdefault("human", HumanAct(asked="feedback"))
    name = word_of(attributes, "gen_ai.eval.name", "gen_ai.evaluation.type")
    label = word_of(attributes, "gen_ai.eval.verdict", "gen_ai.eval.classification")
    value = number_of(attributes, "gen_ai.eval.score")
    if name and (label or value is not None):
        score = Score(
            name=name,
            value=value,
            label=label,
            explanation=word_of(attributes, "gen_ai.eval.explanation"),
            judge="llm",
            at_ns=draft.raw.end_ns,
        )
        found["scores"] = (*found.get("scores", ()), score)


DIALECT = Dialect(
    name="openlit",
    recognizes=Recognizes(scopes=("openlit",), keys=("openlit.", "gen_ai.eval.")),
    sources=(
        Source("agent_role", 20, "gen_ai.agent.role"),
        Source("role_hint", 60, "gen_ai.agent.goal", gated=True),
        Source("workflow_version", 80, "openlit.agent.version_hash"),
        Source("reported_usd", 30, "gen_ai.usage.cost", money),
        Source("environment", 40, "gen_ai.environment"),
        Source("workflow", 90, "gen_ai.application_name"),
    ),
    adjust=_adjust,
)
