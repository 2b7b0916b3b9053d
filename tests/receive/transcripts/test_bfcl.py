"""BFCL results, judged a second time by other code."""

import gzip
import itertools
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.model.messages import ToolCallPart
from quarterdeck.receive.transcripts.bfcl.possible_answers import judge
from quarterdeck.receive.transcripts.formats.bfcl import FORMAT
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import BadLine, Transcript
from receive.transcripts.reading import calls, codes, mutilated, read_file, transcripts

MODELS = ("claude-3-haiku-20240307-FC", "gpt-4o-2024-08-06-FC")
CATEGORIES = ("simple", "multiple_function", "parallel_function")
RESULTS = [(model, category) for model in MODELS for category in CATEGORIES]


@cache
def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def result_path(shared: Path, model: str, category: str) -> Path:
    return shared / "data" / "bfcl" / "result" / model / f"{category}.json.gz"


def by_id(shared: Path, folder: str, category: str) -> dict[str, dict[str, Any]]:
    path = shared / "data" / "bfcl" / folder / f"{category}.json.gz"
    return {item["id"]: item for item in lines(path)}


def plain(value: Any) -> str:
    """A value in a spelling that is equal for what counts as equal."""
    if isinstance(value, str):
        return json.dumps(
            "".join(c for c in value.lower() if c not in " ,./-_*^").replace("'", '"')
        )
    if isinstance(value, list):
        return "[" + ",".join(plain(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{plain(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(float(value))
    return repr(value)


def spelled_out(possible: Any) -> list[Any]:
    """Every value that a possible one stands for: members of objects are lists of choices."""
    if isinstance(possible, list):
        return [list(chosen) for chosen in itertools.product(*map(spelled_out, possible))]
    if not isinstance(possible, dict):
        return [possible]
    choices = [[s for p in values for s in spelled_out(p)] for values in possible.values()]
    return [
        {name: value for name, value in zip(possible, chosen, strict=True) if value != ""}
        for chosen in itertools.product(*choices)
    ]


def counts(value: Any, possible: list[Any], kind: str) -> bool:
    if kind == "integer" and isinstance(value, float):
        return any(isinstance(p, float) and p == value for p in possible)
    every = [option for p in possible if p != "" or value == "" for option in spelled_out(p)]
    return any(
        plain(value) == plain(option) and isinstance(value, str) == isinstance(option, str)
        for option in every
    )


def answers(made: dict[str, Any], expected: tuple[str, dict[str, Any]], offered: Any) -> bool:
    (name, arguments), = ((n, json.loads(a)) for n, a in made.items())  # fmt: skip
    wanted, possible = expected
    functions = {f["name"]: f for f in (offered if isinstance(offered, list) else [offered])}
    own = wanted if wanted in functions else re.sub(r"[_ ]\d+$", "", wanted)
    if own not in functions or name != own.replace(".", "_"):
        return False
    declared = functions[own]["parameters"]
    if any(key not in arguments for key in declared["required"]):
        return False
    if any(key not in possible or key not in declared["properties"] for key in arguments):
        return False
    if any("" not in possible[key] for key in possible if key not in arguments):
        return False
    return all(
        counts(value, possible[key], declared["properties"][key]["type"])
        for key, value in arguments.items()
    )


def most_matched(made: list[Any], expected: list[Any], offered: Any) -> int:
    """The greatest number of pairs, by trying: lists have at most eight."""
    if not expected:
        return 0
    first, *others = expected
    best = most_matched(made, others, offered)
    for place, call in enumerate(made):
        if answers(call, first, offered):
            rest = made[:place] + made[place + 1 :]
            return max(best, 1 + most_matched(rest, others, offered))
    return best


@pytest.mark.parametrize(("model", "category"), RESULTS)
def test_calls_are_judged_as_another_program_judges_them(
    shared: Path, model: str, category: str
) -> None:
    path = result_path(shared, model, category)
    questions = by_id(shared, "questions", category)
    truth = by_id(shared, "possible_answer", category)
    of = {t.case: t for t in transcripts(FORMAT, path)}
    assert len(of) == len(lines(path)) == len(questions)
    for result in lines(path):
        made = result["result"] if isinstance(result["result"], list) else []
        expected = list(truth[result["id"]]["ground_truth"].items())
        matched = most_matched(made, expected, questions[result["id"]]["function"])
        found = of[f"bfcl:{result['id']}"]
        assert (found.expected_calls, found.matched_calls) == (len(expected), matched), found.case
        passed = matched == len(expected) == len(made)
        assert found.outcome is not None
        assert found.outcome.label == ("success" if passed else "failure")


@pytest.mark.parametrize(("model", "category"), RESULTS)
def test_tokens_latency_and_calls_are_those_of_the_line(
    shared: Path, model: str, category: str
) -> None:
    path = result_path(shared, model, category)
    for of, result in zip(transcripts(FORMAT, path), lines(path), strict=True):
        (call,) = calls(of)
        assert call.usage is not None
        assert call.usage.input_tokens == result["input_token_count"]
        assert call.usage.output_tokens == result["output_token_count"]
        assert call.took_ns == pytest.approx(result["latency"] * 1e9)
        asked = [p for m in call.output for p in m.parts if isinstance(p, ToolCallPart)]
        made = result["result"] if isinstance(result["result"], list) else []
        assert [{p.name: p.arguments} for p in asked] == [
            {n: json.loads(a) for n, a in call.items()} for call in made
        ]
        assert call.model == model.removesuffix("-FC")


def test_a_calls_latency_is_its_spans_duration(shared: Path) -> None:
    path = result_path(shared, MODELS[0], "simple")
    of = transcripts(FORMAT, path)[0]
    root, call = to_spans(of, placed_ns=10**18)
    assert call.end_ns - call.start_ns == pytest.approx(lines(path)[0]["latency"] * 1e9)
    assert root.end_ns >= call.end_ns


def test_an_answer_that_nothing_can_match_is_told(shared: Path) -> None:
    found = [
        t.case
        for model, category in RESULTS
        for t in transcripts(FORMAT, result_path(shared, model, category))
        if codes(t)
    ]
    assert found == ["bfcl:simple_363"] * 2


def test_questions_and_answers_belong_to_the_results(shared: Path) -> None:
    for folder in ("questions", "possible_answer"):
        for category in CATEGORIES:
            source = Source(shared / "data" / "bfcl" / folder / f"{category}.json.gz")
            assert FORMAT.belongs(source)
            assert not FORMAT.recognizes(source)


def test_without_the_answers_a_result_has_no_outcome(tmp_path: Path) -> None:
    path = tmp_path / "gpt-FC" / "BFCL_v3_simple_result.json"
    path.parent.mkdir()
    line = {"id": "simple_0", "result": [{"f": "{}"}], "latency": 1.5}
    path.write_text("\n".join([json.dumps(line), "{nonsense", json.dumps(line)]) + "\n")
    of, bad, twice = read_file(FORMAT, path)
    assert isinstance(of, Transcript)
    assert (of.outcome, of.expected_calls) == (None, None)
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert not isinstance(twice, Transcript)


F = {"f": {"name": "f", "parameters": {
    "properties": {"n": {"type": "integer"}, "s": {"type": "string"}, "x": {"type": "float"},
                   "o": {"type": "dict"}},
    "required": ["n"]}}}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "possible", "matched"),
    [
        ({"n": 1}, {"n": [1, 2]}, 1),
        ({"n": 3}, {"n": [1, 2]}, 0),
        ({"n": 1.0}, {"n": [1]}, 0),
        ({"n": True}, {"n": [1]}, 0),
        ({"n": 1, "x": 2}, {"n": [1], "x": [2.0]}, 1),
        ({"n": 1, "s": "New-York."}, {"n": [1], "s": ["new york"]}, 1),
        ({"n": 1}, {"n": [1], "s": ["a", ""]}, 1),
        ({"n": 1}, {"n": [1], "s": ["a"]}, 0),
        ({"n": 1, "s": "a"}, {"n": [1]}, 0),
        ({"s": "a"}, {"n": ["", 1], "s": ["a"]}, 0),
        ({"n": 1, "o": {"k": "A"}}, {"n": [1], "o": [{"k": ["a", "b"], "l": [""]}]}, 1),
        ({"n": 1, "o": {"k": "c"}}, {"n": [1], "o": [{"k": ["a", "b"]}]}, 0),
        ("no object", {"n": [1]}, 0),
    ],
)
def test_the_rule(arguments: Any, possible: dict[str, Any], matched: int) -> None:
    call = ToolCallPart(name="f", arguments=arguments)
    found = judge([{"f": possible}], [call], F)
    assert (found.expected, found.matched, found.made) == (1, matched, 1)
    assert bool(found.first_difference) == (not matched)


def test_one_call_answers_one_expected_call_in_any_order() -> None:
    truth = [{"f_1": {"n": [1]}, "f_2": {"n": [2]}, "f_3": {"n": [2]}}]
    made = [ToolCallPart(name="f", arguments={"n": n}) for n in (2, 1)]
    assert judge(truth, made, F)[:3] == (3, 2, 2)


LINES = [
    {"id": "simple_0", "result": [{"f": '{"n": 1}'}], "latency": 0.5, "input_token_count": 3},
    {"id": "simple_1", "result": "words", "latency": 0.5, "output_token_count": 3},
]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_mutilated_line_raises_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("bfcl")
    question = {"id": "simple_0", "question": "?", "function": F["f"]}
    answer = {"id": "simple_0", "ground_truth": {"f": {"n": [1]}}}
    for folder, items in (
        ("result/m-FC", LINES), ("questions", [question]), ("possible_answer", [answer]),
    ):  # fmt: skip
        (root / folder).mkdir(parents=True)
        broken = data.draw(mutilated(items))
        (root / folder / "simple.json").write_text("\n".join(map(json.dumps, broken)))
    source = Source(root / "result" / "m-FC" / "simple.json")
    for item in FORMAT.read(source) if FORMAT.recognizes(source) else ():
        if isinstance(item, Transcript):
            to_spans(item, placed_ns=1)
