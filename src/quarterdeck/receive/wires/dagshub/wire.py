"""
DagsHub: the API of its repositories, and MLflow's below `/<owner>/<repository>.mlflow`.

The one wire that uses another's routes: what it serves there *is* MLflow's protocol.
"""

from dataclasses import replace

from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.wire import Reply, Route, Wire
from quarterdeck.receive.wires.dagshub import repositories
from quarterdeck.receive.wires.mlflow import wire as mlflow
from quarterdeck.receive.wires.mlflow.spans import build

_REPOSITORY = "api/v1/repos/{owner}/{repo}"
_FILE = _REPOSITORY + "/content/{branch}/{path...}"


def error(problem: QuarterdeckError, status: int) -> Reply:
    """Both clients find theirs: DagsHub's the message, MLflow's the code beside it."""
    return mlflow.error(problem, status)


_OWN = (
    Route(method="GET", path="api/v1/user", handler=repositories.user),
    Route(method="GET", path="api/v1/users/{name}", handler=repositories.named_user),
    Route(method="POST", path="api/v1/user/repos", handler=repositories.create, body="multipart"),
    Route(method="POST", path="api/v1/org/{owner}/repos", handler=repositories.create,
          body="multipart"),
    Route(method="GET", path=_REPOSITORY, handler=repositories.get),
    Route(method="GET", path=_REPOSITORY + "/branches", handler=repositories.branches),
    Route(method="GET", path=_REPOSITORY + "/branches/{branch}", handler=repositories.branch),
    Route(method="GET", path=_REPOSITORY + "/commits/{sha}", handler=repositories.commit),
    Route(method="GET", path=_REPOSITORY + "/storage", handler=repositories.storages,
          scope="read"),
    Route(method="PUT", path=_FILE, handler=repositories.upload, body="multipart"),
    Route(method="GET", path=_FILE, handler=repositories.list_path, scope="read"),
    Route(method="GET", path=_REPOSITORY + "/raw/{branch}/{path...}",
          handler=repositories.download, scope="read"),
    Route(method="POST", path=_REPOSITORY + "/data-engine/{rest...}"),
    Route(method="GET", path=_REPOSITORY + "/annotations/{rest...}"),
    Route(method="POST", path=_REPOSITORY + "/annotations/{rest...}"),
    Route(method="POST", path="login/oauth/{rest...}"),
    Route(method="GET", path="api/v1/repo-buckets/{rest...}"),
)  # fmt: skip
"""What a client must ask before it may send needs the scope that sending needs."""

_STRAYS = (
    Route(method="POST", path="api/v1/user/repos", handler=repositories.create, body="multipart"),
    Route(method="POST", path="api/v1/org/{owner}/repos", handler=repositories.create,
          body="multipart"),
    Route(method="PUT", path=_FILE, handler=repositories.upload, body="multipart"),
)  # fmt: skip
"""Where the client loses the prefix of its host: it joins these addresses as if they began at the
root (`dagshub/upload/wrapper.py` of 0.7.3)."""

WIRE = Wire(
    name="dagshub",
    product="DagsHub",
    prefixes=("/dagshub",),
    routes=(
        *(
            replace(route, path="{owner}/{repository}.mlflow/" + route.path)
            for route in mlflow.ROUTES
        ),
        *_OWN,
    ),
    strays=_STRAYS,
    error=error,
    build=build,
)
