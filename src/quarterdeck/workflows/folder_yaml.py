"""
`workflow.yaml` as text, to values with their lines.

The YAML that is read is what JSON can say, with comments, and scalars as YAML 1.2 has them: `on`,
`no` and `yes` are texts, not bools (in YAML 1.1 `on:` would be the key `true`), and so are dates.

Refused: tags (`!!python/object`), keys given twice, `<<`, more than one document, an alias inside
of what it names, numbers that 64 bits do not hold, nesting deeper than `MAX_DEPTH`, and more than
`MAX_NODES` values, those that aliases repeat counted: nine lines of aliases can say a billion.
"""

import math
import re
from typing import Any, NamedTuple

from quarterdeck.errors import Misconfigured
from quarterdeck.workflows.folder_problems import Mark, Path, Report, Tree, quoted

MAX_DEPTH = 40
"""A manifest needs 8; sampling parameters may hold a schema of their own."""
MAX_NODES = 50_000
"""A large manifest (100 agents, 300 tools with rules) has some 8,000."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOT_TEXT_1_1 = {"yes", "no", "on", "off", "y", "n"}
_INT64 = 2**63


class _Scalar(NamedTuple):
    mark: Mark
    value: Any


class _List(NamedTuple):
    mark: Mark
    items: "list[_Node]"


class _Map(NamedTuple):
    mark: Mark
    items: "dict[str, tuple[Mark, _Node]]"
    """By key, with the key's place."""


_Node = _Scalar | _List | _Map


class _StopError(Exception):
    """What is left can't be read: the problem is told, and nothing after it is looked for."""


def read_yaml(text: str, report: Report) -> Tree | None:
    """
    Parse, and tell of everything that is wrong in `report`; None where nothing can be read.

    Raises `Misconfigured` where the library is not installed, and nothing else.
    """
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        report.error_at(Mark(line, column), f"a control character, {quoted(found[0])}")
        return None
    try:
        root = _build(text, report)
        return _expand(root)
    except _TooManyError as error:
        report.error_at(error.mark, error.said)
    except _StopError:
        pass
    return None


class _TooManyError(Exception):
    def __init__(self, mark: Mark, said: str) -> None:
        super().__init__(said)
        self.mark = mark
        self.said = said


def _build(text: str, report: Report) -> _Node:
    """The tree of nodes, from the parser's events: no recursion, so no depth breaks it."""
    yaml = _library()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(report)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event, yaml)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        at = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        context = getattr(error, "context", None)
        report.error_at(at, f"no YAML: {said}{f' ({context})' if context else ''}", _hint_of(said))
        raise _StopError from error
    if builder.root is None:
        report.error_at(Mark(1, 1), "the file is empty", "quarterdeck workflow init writes one")
        raise _StopError
    return builder.root


class _Builder:
    """Takes events, in order; `root` is there after the last one."""

    def __init__(self, report: Report) -> None:
        self.root: _Node | None = None
        self._report = report
        self._open: list[_List | _Map] = []
        self._anchors_of_open: list[str | None] = []
        self._keys: list[_Scalar | None] = []
        """Of each open map, the key that waits for its value."""
        self._anchors: dict[str, _Node] = {}
        self._nodes = 0

    def take(self, event: Any, yaml: Any) -> None:
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.ScalarEvent():
                self._check(event, mark)
                node = _Scalar(mark, self._scalar(event, mark))
                self._put(node, event.anchor, text=event.value)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check(event, mark)
                is_map = isinstance(event, yaml.MappingStartEvent)
                self._start(_Map(mark, {}) if is_map else _List(mark, []), event.anchor)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._alias(event.anchor, mark)
            case yaml.DocumentStartEvent() if self.root is not None:
                self._report.error_at(mark, "a second document", "a workflow is one document")
                raise _StopError
            case _:
                pass

    def _check(self, event: Any, mark: Mark) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _TooManyError(mark, f"more than {MAX_NODES:,} values")
        if event.tag is not None and event.tag != "tag:yaml.org,2002:str":
            self._report.error_at(mark, f"a tag, {quoted(event.tag)}", "write the value alone")

    def _start(self, node: _List | _Map, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _TooManyError(node.mark, f"nested more than {MAX_DEPTH} deep")
        if self._open and isinstance(self._open[-1], _Map) and self._keys[-1] is None:
            self._report.error_at(node.mark, "a list or a map as a name", "names are texts")
            raise _StopError
        self._open.append(node)
        self._anchors_of_open.append(anchor)
        self._keys.append(None)

    def _end(self) -> None:
        node = self._open.pop()
        self._keys.pop()
        self._put(node, self._anchors_of_open.pop(), text=None)

    def _alias(self, anchor: str, mark: Mark) -> None:
        node = self._anchors.get(anchor)
        if node is None:
            self._report.error_at(mark, f"no anchor {quoted(anchor)} before this alias")
            raise _StopError
        text = node.value if isinstance(node, _Scalar) and isinstance(node.value, str) else None
        self._put(node, None, text=text)

    def _put(self, node: _Node, anchor: str | None, *, text: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, _List):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is not None:
            parent.items.setdefault(key.value, (key.mark, node))
            self._keys[-1] = None
            return
        if text is None:
            self._report.error_at(node.mark, "a list or a map as a name", "names are texts")
            raise _StopError
        name = _Scalar(node.mark, text)
        self._keys[-1] = name
        self._check_key(parent, name)

    def _check_key(self, parent: _Map, key: _Scalar) -> None:
        if key.value == "<<":
            self._report.error_at(
                key.mark,
                "<< merges maps, which YAML 1.2 does not have",
                "write the fields out, or use an alias for a whole value",
            )
        first = parent.items.get(key.value)
        if first:
            self._report.error_at(
                key.mark,
                f"{quoted(key.value)} is given twice, first in line {first[0].line}",
                "keep one of them",
            )

    def _scalar(self, event: Any, mark: Mark) -> Any:
        text: str = event.value
        if "\0" in text:
            self._report.error_at(mark, "a NUL character, which databases refuse")
        if not event.implicit[0] or event.tag is not None:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text) and len(text) <= 20 and -_INT64 <= int(text) < _INT64:
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text) if len(text) <= 100 else math.inf
            if _INT.fullmatch(text) or math.isinf(number):
                self._report.error_at(
                    mark,
                    f"{quoted(text)} is too large a number",
                    "put it in quotes if it is a text",
                )
                return 0
            return number
        return text


def _expand(root: _Node) -> Tree:
    """Values and marks by path.  Aliases become copies, so they are counted here again."""
    values: dict[Path, Mark] = {}
    keys: dict[Path, Mark] = {}

    def expand(node: _Node, path: Path) -> Any:
        if len(values) >= MAX_NODES:
            raise _TooManyError(node.mark, f"more than {MAX_NODES:,} values, aliases counted")
        if len(path) > MAX_DEPTH:
            raise _TooManyError(node.mark, f"nested more than {MAX_DEPTH} deep")
        values[path] = node.mark
        match node:
            case _Scalar():
                return node.value
            case _List():
                return [expand(item, (*path, index)) for index, item in enumerate(node.items)]
            case _Map():
                found: dict[str, Any] = {}
                for key, (mark, item) in node.items.items():
                    keys[*path, key] = mark
                    found[key] = expand(item, (*path, key))
                return found

    return Tree(value=expand(root, ()), values=values, keys=keys)


def is_yaml_1_1_bool(text: object) -> bool:
    """Whether people mean a bool by it: `yes`, `off`."""
    return isinstance(text, str) and text.lower() in _NOT_TEXT_1_1


def _hint_of(said: str) -> str:
    if "cannot start any token" in said:
        return "indent with spaces, not with tabs; quote a text that begins with @ or `"
    if "mapping values are not allowed" in said:
        return "quote a text that holds a colon and a space"
    return ""


def _library() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise Misconfigured(
            'workflow.yaml needs a library to be read: pip install "quarterdeck[workflow]"'
        ) from error
    return yaml
