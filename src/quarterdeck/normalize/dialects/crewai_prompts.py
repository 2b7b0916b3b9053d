"""
A person's feedback to a CrewAI task, read from the prompt that passes it on.

CrewAI gives the feedback to the agent's model in fixed words, and no instrumentation has a span
for it.  The span with these words is the model client's, which knows nothing of CrewAI: so this
looks at every prompt, at its raw text only, and has no name that would show on the span.
"""

from collections.abc import Iterator

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.normalize.dialect import Dialect, Draft, Recognizes

_SAID = "User feedback: "
_FRAME = "Instructions: Use this feedback to enhance the next output iteration."
_PROMPTS = ("gen_ai.input.messages", "input.value")


def _adjust(draft: Draft) -> None:
    if draft.found["kind"] != "model":
        return
    for key in _PROMPTS:
        spelled = draft.attributes.get(key)
        if isinstance(spelled, str) and _FRAME in spelled and _SAID in spelled:
            said = _feedback(spelled)
            if said:
                draft.found.setdefault("human", HumanAct(asked="feedback", answer=said[:500]))


def _feedback(prompt: str) -> str:
    """The feedback in the last message; earlier ones were told by earlier prompts."""
    messages = decode_json(prompt)
    if isinstance(messages, dict):
        messages = messages.get("messages")
    if not isinstance(messages, list) or not messages:
        return ""
    for text in _texts(messages[-1]):
        if _SAID in text and _FRAME in text:
            return text.partition(_SAID)[2].partition(_FRAME)[0].strip()
    return ""


def _texts(message: Value) -> Iterator[str]:
    if not isinstance(message, dict):
        return
    for holder in (message.get("content"), message.get("parts")):
        if isinstance(holder, str):
            yield holder
        for part in holder if isinstance(holder, list) else ():
            if isinstance(part, dict):
                text = part.get("content", part.get("text"))
                if isinstance(text, str):
                    yield text


DIALECT = Dialect(
    name="",
    recognizes=Recognizes(keys=_PROMPTS),
    adjust=_adjust,
)
