"""
One start of a driver against one place: unchanged, with one variable that says where to.

What a driver gets is written out here and nothing else: the variable, its settings, an empty home.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from clients.client import Client, Run
from clients.environments import Environment
from clients.gateway import gateway
from clients.servers import Models, Place

_QUIET = Path(__file__).resolve().parent / "quiet_recorder"
_INHERITED = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_ANY_KEY = "some-key-that-nobody-knows"
"""What a client sends in local mode, where most insist on some key."""


class Driven(NamedTuple):
    output: str
    """Both streams, as they came."""
    status: int | None
    """The exit status; None where it was ended because it hung."""
    seconds: float


def drive(
    client: Client, run: Run, place: Place, *,
    environment: Environment, models: Models, drivers: Path, folder: Path,
) -> Driven:  # fmt: skip
    """Returns when the driver has ended; what it printed is in `folder`/output too."""
    folder.mkdir(parents=True, exist_ok=True)
    script = drivers / (run.driver or client.driver)
    if environment.node:
        # An ES module finds its packages beside itself.
        script = Path(shutil.copy(script, environment.folder))
    began = time.monotonic()
    path = folder / "output"
    model = models.address(client.model) if client.model else ""
    with path.open("wb") as output, gateway(place.server.url, model) as stand_in:
        settings = environment_of(client, run, place, model=model, gateway=stand_in, folder=folder)
        process = subprocess.Popen(
            [str(environment.runner), str(script), *run.arguments], cwd=folder, env=settings,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            status: int | None = process.wait(run.within_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
    return Driven(path.read_text(errors="replace"), status, time.monotonic() - began)


def prepare(client: Client, run: Run, place: Place) -> None:
    """Makes what the driver takes for granted.  Raises `OSError` for a refusal."""
    for made in run.before:
        request = urllib.request.Request(
            place.server.url + client.prefix + made.path,
            data=json.dumps(made.body).encode(),
            headers={"Authorization": f"Bearer {place.key or _ANY_KEY}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()


def environment_of(
    client: Client, run: Run, place: Place, *, model: str, gateway: str, folder: Path
) -> dict[str, str]:
    server = place.server
    filled = {
        "server": server.url,
        "wire": server.url + client.prefix,
        "grpc": str(server.grpc_port),
        "key": place.key or _ANY_KEY,
        "model": model,
        "gateway": gateway + client.prefix,
        "folder": str(folder),
    }
    where = "{wire}" if client.reads else client.address
    told = {client.reads or client.variable: where, **client.settings, **run.settings}
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "HOME": str(folder),
        "PYTHONPATH": str(_QUIET),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "QUARTERDECK_RUN_OVERRIDES": ",".join(client.overrides),
        **{name: text.format(**filled) for name, text in told.items()},
    }
