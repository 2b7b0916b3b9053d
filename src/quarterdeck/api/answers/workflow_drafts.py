"""A first manifest made of observed sessions."""

from quarterdeck.api.answers.answer import Answer


class DraftObserved(Answer):
    sessions: int
    agents: int
    tools: int
    models: int


class WorkflowDraft(Answer):
    files: dict[str, str]
    """`workflow.yaml` and the files that it names, by path; none where no agent was seen."""
    observed: DraftObserved
    notes: list[str]
    """What was changed, chosen or left out, for the person who goes on from here."""
