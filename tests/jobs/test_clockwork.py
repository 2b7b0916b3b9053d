"""Jobs run at their intervals, and one that fails is counted and stops nobody."""

import threading

from quarterdeck.jobs.clockwork import Clockwork, Job


def test_a_job_that_fails_is_told_and_runs_again_and_the_others_run_too() -> None:
    failures: list[str] = []
    ran_thrice, others_ran = threading.Event(), threading.Event()

    def fail() -> None:
        if len(failures) >= 2:
            ran_thrice.set()
        raise RuntimeError("on purpose")

    jobs = [
        Job(name="fails", every_s=0.01, run=fail),
        Job(name="works", every_s=0.01, run=others_ran.set),
    ]
    clockwork = Clockwork(jobs, failed=failures.append)
    clockwork.start()
    assert ran_thrice.wait(30)
    assert others_ran.wait(30)
    clockwork.stop()
    assert set(failures) == {"fails"}
    assert len(failures) >= 3


def test_stopping_waits_for_the_job_in_hand_and_may_come_twice_or_before_the_start() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(30)
        done.set()

    clockwork = Clockwork([Job(name="slow", every_s=0.01, run=slow)], failed=lambda _job: None)
    clockwork.start()
    assert begun.wait(30)
    stopping = threading.Thread(target=clockwork.stop)
    stopping.start()
    go_on.set()
    stopping.join(30)
    assert done.is_set()
    clockwork.stop()
    Clockwork([], failed=lambda _job: None).stop()
