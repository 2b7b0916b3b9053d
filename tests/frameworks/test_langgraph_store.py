"""LangGraph's own store beside ours, in a process of its own, on a real server.  About 12 s."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cli.real_server import serving

pytestmark = pytest.mark.real_server

PROGRAM = Path(__file__).parent / "programs" / "langgraph_store.py"


def test_a_graph_finds_what_langgraphs_own_store_would_give_and_who_kept_it_is_known(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data") as address:
        settings = {**os.environ, "HOME": str(tmp_path)}
        ran = subprocess.run(
            [sys.executable, PROGRAM, address],
            env=settings,
            capture_output=True,
            timeout=120,
            check=False,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout.splitlines()[-1])
        assert told["asked"] == 24
        assert told["differs"] == []
        assert told["graph"] == ["0 before", "1 before"]
        path = f"{address}/api/v1/memory/history?namespace=graph&key=visit-0"
        [write] = httpx.get(path, trust_env=False).json()["writes"]
        assert write["provenance"]["session_id"] == "graph-1"
        assert [reading["session_id"] for reading in write["read_by"]] == ["graph-2"]
