"""`quarterdeck up` where it can't start."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.conftest import Run
from cli.real_server import serving


@pytest.mark.real_server
def test_a_second_server_on_one_port_is_refused(run: Run, tmp_path: Path) -> None:
    with serving(tmp_path / "first") as address:
        port = urlsplit(address).port
        done = run("up", f"--port={port}", "--grpc-port=0", expect=8)
    assert "can't listen on 127.0.0.1" in done.stderr
    assert "--port" in done.stderr
