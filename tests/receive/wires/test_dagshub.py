"""DagsHub: any repository is there, MLflow answers below it, small files are kept."""

import json
from pathlib import Path

from quarterdeck.receive.wires.dagshub.wire import WIRE
from quarterdeck.storage.events.connection import EventConnection
from receive.wires.served import serve

_FORM = {"content-type": "multipart/form-data; boundary=cut"}
_FILE = (
    b'--cut\r\nContent-Disposition: form-data; name="commit_summary"\r\n\r\nadd\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="files"; filename="data/f.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nhello\r\n--cut--\r\n"
)


def test_a_repository_its_files_and_mlflow_below_it(
    tmp_path: Path, chdb_database: EventConnection
) -> None:
    with serve(WIRE, tmp_path, chdb_database) as served:
        assert served.ask("GET", "/api/v1/user").json()["username"] == "key-test"
        repository = served.ask("GET", "/api/v1/repos/alice/billing").json()
        assert (repository["full_name"], repository["default_branch"]) == ("alice/billing", "main")
        content = "/api/v1/repos/alice/billing/content/main"
        assert served.ask("PUT", f"{content}/", _FILE, _FORM).status == 200
        raw = served.ask("GET", "/api/v1/repos/alice/billing/raw/main/data/f.txt")
        assert raw.body == b"hello"
        [folder] = served.ask("GET", f"{content}/").json()
        assert (folder["path"], folder["type"]) == ("data", "dir")
        below = "/alice/billing.mlflow"
        assert served.ask("GET", f"{below}/version").body == b"3.17.2"
        told = json.dumps({"experiment_id": "0", "run_name": "r"}).encode()
        run = served.ask("POST", f"{below}/api/2.0/mlflow/runs/create", told).json()["run"]
        found = f"{below}/api/2.0/mlflow/runs/get?run_id={run['info']['run_id']}"
        assert served.ask("GET", found).json()["run"]["info"]["run_name"] == "r"
        # A repository without the suffix is none of MLflow's.
        assert served.ask("GET", "/alice/billing/version").status == 404


def test_calls_that_lose_the_prefix_are_those_that_the_client_joins_wrongly() -> None:
    paths = {(route.method, route.path.split("/{")[0]) for route in WIRE.strays}
    assert paths == {
        ("POST", "api/v1/user/repos"), ("POST", "api/v1/org"), ("PUT", "api/v1/repos"),
    }  # fmt: skip
