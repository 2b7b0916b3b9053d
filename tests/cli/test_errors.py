"""Every error has an exit code, and no error shows a traceback."""

import pytest

import quarterdeck.errors
from quarterdeck.cli import errors
from quarterdeck.errors import NotFound, QuarterdeckError


def _subclasses() -> list[type[QuarterdeckError]]:
    return [
        kind
        for kind in vars(quarterdeck.errors).values()
        if isinstance(kind, type)
        and issubclass(kind, QuarterdeckError)
        and kind is not QuarterdeckError
    ]


@pytest.mark.parametrize("kind", _subclasses())
def test_every_error_has_an_exit_code_of_its_own_meaning(kind: type[QuarterdeckError]) -> None:
    code = errors.exit_code(kind("no"))
    assert code != errors.FAULT
    assert f"| {code} |" in (errors.__doc__ or "")


def test_an_error_is_told_with_its_hint_and_without_escape_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = errors.tell(NotFound("no session '\x1b[2Jx'", hint="See `sessions list`."))
    printed = capsys.readouterr()
    assert code == 3
    assert printed.out == ""
    assert printed.err == "quarterdeck: no session '\\x1b[2Jx'\n  See `sessions list`.\n"
