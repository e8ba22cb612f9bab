"""A clock of the machine that jumps moves no frame: what is timed is timed by the clock that only goes forward."""

from __future__ import annotations

import ast

from imports import LIBRARY, PROGRAM, place, sources, tree_of

TIME_OF_DAY = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
MAY_READ_IT = {
    "plugin/streamv2v_cam/doctor/machine.py",  # says whether the clock is right
    "plugin/streamv2v_cam/engine/remote/certificate.py",  # is valid from a day to a day
    "plugin/streamv2v_cam/run/recorder.py",  # names files
    "streamv2v/tuning/autotune.py",  # forgets after a month
}


def test_nothing_but_what_lasts_for_days_and_what_is_for_people_reads_the_time_of_day():
    readers = {
        place(path)
        for folder in (LIBRARY, PROGRAM)
        for path in sources(folder)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and ".".join(ast.unparse(node).split(".")[-2:]) in TIME_OF_DAY
    }
    assert readers == MAY_READ_IT
