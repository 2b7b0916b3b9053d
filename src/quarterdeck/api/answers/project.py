"""Projects, and the settings of one."""

from quarterdeck.api.answers.answer import Answer, Digits, Instant, left_out


class PriceOverride(Answer):
    """In USD per million tokens, as decimal text; it counts before every table."""

    model: str
    provider: str
    valid_from_ns: Digits
    valid_until_ns: Digits
    input_usd_per_mtok: str
    output_usd_per_mtok: str
    cache_read_usd_per_mtok: str = left_out()
    cache_write_usd_per_mtok: str = left_out()
    cache_write_1h_usd_per_mtok: str = left_out()
    reasoning_usd_per_mtok: str = left_out()
    per_call_usd: str
    discount_percent: str


class SettingsShown(Answer):
    session_key: str
    """An attribute's name or a template of several; empty: the usual ones."""
    retention_days: int | None
    """Null: the server's default; 0: kept."""
    redaction_patterns: list[str]
    human_tools: list[str]
    scripted_humans: bool
    price_overrides: list[PriceOverride]


class ProjectShown(Answer):
    project_id: str
    name: str
    revision: str
    """Of the settings: sent back as `if_revision`, a change in between is noticed."""
    created_at: Instant
    settings: SettingsShown


class ProjectName(Answer):
    project_id: str
    name: str


class ProjectList(Answer):
    projects: list[ProjectName]
