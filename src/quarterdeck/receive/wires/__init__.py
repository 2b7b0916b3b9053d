"""Every wire, in the order of the documentation."""

from quarterdeck.receive.wire import Wire

WIRES: tuple[Wire, ...] = ()
