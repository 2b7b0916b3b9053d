"""
Sixty sessions of one task type, by the SDK: every third asks the bank, which refuses, and fails.

Where sessions fail and where people step in is known here, so a journey can look for it.
"""

import quarterdeck as qd

SESSIONS = 60

qd.init(service_name="till", workflow="till", workflow_version="2")
for number in range(SESSIONS):
    asks_bank = number % 3 == 0
    with qd.session(f"refund order {number}", task_type="refund", user="u-1") as session:
        with qd.agent("clerk", role="planner"):
            with qd.tool("look_up_order", arguments={"order": number}) as tool:
                tool.result({"order": number, "paid": 20})
            if asks_bank:
                try:
                    with qd.tool("ask_bank", arguments={"order": number}):
                        raise RuntimeError("the bank refuses: account closed")
                except RuntimeError:
                    pass
            else:
                qd.approval(
                    "Refund 20 euros?", tool="refund", decision="approved", by="u-9", waited_s=30
                )
                with qd.tool("refund", arguments={"order": number, "euros": 20}) as tool:
                    tool.result("done")
        session.outcome("failure" if asks_bank else "success", reason="the till's own check")
assert qd.flush(timeout_s=30)
