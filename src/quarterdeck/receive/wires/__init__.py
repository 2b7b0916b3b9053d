"""Every wire, in the order of the documentation."""

from quarterdeck.receive.wire import Wire
from quarterdeck.receive.wires.agentops.wire import WIRE as AGENTOPS
from quarterdeck.receive.wires.braintrust.wire import WIRE as BRAINTRUST
from quarterdeck.receive.wires.comet.wire import WIRE as COMET
from quarterdeck.receive.wires.dagshub.wire import WIRE as DAGSHUB
from quarterdeck.receive.wires.helicone.wire import WIRE as HELICONE
from quarterdeck.receive.wires.langfuse.wire import WIRE as LANGFUSE
from quarterdeck.receive.wires.langsmith.wire import WIRE as LANGSMITH
from quarterdeck.receive.wires.mlflow.wire import WIRE as MLFLOW
from quarterdeck.receive.wires.openai_traces.wire import WIRE as OPENAI_TRACES
from quarterdeck.receive.wires.openpipe.wire import WIRE as OPENPIPE
from quarterdeck.receive.wires.opik.wire import WIRE as OPIK
from quarterdeck.receive.wires.phoenix.wire import WIRE as PHOENIX
from quarterdeck.receive.wires.portkey.wire import WIRE as PORTKEY

WIRES: tuple[Wire, ...] = (
    LANGSMITH,
    LANGFUSE,
    OPIK,
    COMET,
    BRAINTRUST,
    OPENAI_TRACES,
    MLFLOW,
    DAGSHUB,
    PHOENIX,
    AGENTOPS,
    OPENPIPE,
    PORTKEY,
    HELICONE,
)
