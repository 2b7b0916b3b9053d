"""Every wire, in the order of the documentation."""

from quarterdeck.receive.wire import Wire
from quarterdeck.receive.wires.opik.wire import WIRE as OPIK

WIRES: tuple[Wire, ...] = (OPIK,)
