"""
What a tool acted on, as a class: `git push origin fix-7` is `git push`, `src/login.py` is `*.py`.

Two sessions never touch the same ticket or file, yet they decide alike.  A class keeps what makes
a decision another one (the program, the kind of file, the statement, the host) and forgets which
thing it was.  What has no class is "": an id, a number, words to search for.
"""

import re
from functools import lru_cache

_HASHED = re.compile(r"(\w+:)?[0-9a-f]{12,}")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,15}://([^/?#\s@]*@)?([^/?#\s:]+)", re.IGNORECASE)
_SQL = re.compile(
    r"\s*(select|insert|update|delete|create|drop|alter|with|explain|pragma|truncate|merge)\b",
    re.IGNORECASE,
)
_SQL_TABLE = re.compile(r"\b(?:from|into|update|table|join)\s+[`\"\[]?([\w.]{1,40})", re.IGNORECASE)
_EXTENSION = re.compile(r"[^\s]*[^\s/\\.]\.([A-Za-z][A-Za-z0-9]{0,7})")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*")
_PROGRAM = re.compile(r"[A-Za-z_][\w.+-]{0,30}")
_WORD = re.compile(r"[a-z][a-z-]{1,20}")

_SHELLS = frozenset({
    "bash", "shell", "sh", "zsh", "exec", "execute", "terminal", "cmd", "powershell", "run",
    "command", "execute_bash", "exec_command", "run_command", "run_shell",
    "run_shell_command", "execute_command", "shell_command", "local_shell",
    "run_terminal_cmd", "run_in_terminal", "execute_shell",
})  # fmt: skip
_WITH_SUBCOMMANDS = frozenset({
    "git", "cargo", "npm", "pnpm", "yarn", "npx", "docker", "podman", "kubectl", "helm",
    "pip", "pip3", "uv", "poetry", "apt", "apt-get", "brew", "go", "make", "just",
    "terraform", "aws", "gcloud", "az", "gh", "glab", "systemctl", "dotnet", "mvn", "gradle",
    "bundle", "rake", "rails", "django-admin", "alembic", "conda", "rustup", "psql",
    "sqlite3", "hg", "svn",
})  # fmt: skip
_BEFORE_A_PROGRAM = frozenset({
    "sudo", "env", "time", "nohup", "exec", "command", "timeout", "nice", "xargs", "then",
    "do",
})  # fmt: skip
_PYTHON = re.compile(r"python[0-9.]*")
_MAX_CLASS = 60
"""Of a label on a node; classes are words and extensions."""


@lru_cache(maxsize=8_192)
def target_class(tool: str, target: str) -> str:
    """The class of what `tool` acted on; "" = none."""
    if not target or _HASHED.fullmatch(target):
        return ""
    url = _URL.match(target)
    if url is not None:
        return url.group(2).lower()[:_MAX_CLASS]
    if _SQL.match(target):
        return _statement(target)
    if tool.lower() in _SHELLS or _starts_with_program(target):
        return _command(target)
    if " " not in target.strip():
        return _file(target)
    return ""


def _starts_with_program(target: str) -> bool:
    first, _, rest = target.strip().partition(" ")
    return bool(rest) and first in _WITH_SUBCOMMANDS and bool(_WORD.match(rest.strip()))


def _statement(text: str) -> str:
    verb = text.split(None, 1)[0].lower()
    table = _SQL_TABLE.search(text)
    return f"{verb} {table.group(1).lower()}"[:_MAX_CLASS] if table is not None else verb


def _file(text: str) -> str:
    extension = _EXTENSION.fullmatch(text)
    if extension is not None:
        return f"*.{extension.group(1).lower()}"
    return "folder" if "/" in text or "\\" in text else ""


def _command(text: str) -> str:
    """The program of the last command that is not a mere `cd`, with its subcommand."""
    found = ""
    for part in re.split(r"&&|\|\||;|\n", text):
        name = _one_command(part.split("|", 1)[0].split())
        if name and (not found or not name.startswith(("cd", "source", "export"))):
            found = name if not found or found.startswith(("cd", "source", "export")) else found
    return found[:_MAX_CLASS]


def _one_command(words: list[str]) -> str:
    at = 0
    while at < len(words) and (
        _ASSIGNMENT.fullmatch(words[at])
        or words[at] in _BEFORE_A_PROGRAM
        or (at > 0 and words[at - 1] in ("timeout", "nice"))
        or words[at].startswith("(")
    ):
        at += 1
    if at >= len(words):
        return ""
    program = words[at].strip("'\"()").replace("\\", "/").rsplit("/", 1)[-1]
    if not _PROGRAM.fullmatch(program):
        return ""
    rest = words[at + 1 :]
    if _PYTHON.fullmatch(program):
        return f"python -m {rest[1]}" if len(rest) > 1 and rest[0] == "-m" else "python"
    if program in _WITH_SUBCOMMANDS:
        told = next((word for word in rest if not word.startswith("-")), "")
        return f"{program} {told}" if _WORD.fullmatch(told) else program
    return program
