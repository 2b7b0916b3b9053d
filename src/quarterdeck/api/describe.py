"""
Prints the OpenAPI description of the API, without a server and without a store.

`python -m quarterdeck.api.describe > openapi.json`: what `GET /openapi.json` answers, with its
keys sorted, so that equal code gives equal bytes and the web's types come from a file that can be
compared.
"""

import json
import sys
from typing import Any

from quarterdeck.api.app import routed_app


def describe() -> dict[str, Any]:
    return routed_app().openapi()


if __name__ == "__main__":
    json.dump(describe(), sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")
