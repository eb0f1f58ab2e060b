"""Runs what takes memory in a process of its own.

A program that is measured inherits the peak memory of who starts it as its least figure, so the harness itself stays small.
"""

import json
import os
import signal
import sys
import traceback


class Failure(Exception):
    """Something that can't be measured, and why, in words."""


def apart(function, *arguments):
    """What the function gives back, which JSON can hold."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as out:
                json.dump(function(*arguments), out)
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            # Whatever is cleaned up at the end is the parent's.
            os._exit(code)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            text = answer.read()
    except BaseException:
        # Or it would hold what is to be cleaned up.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise Failure(f"{function.__name__} failed; see above")
    return json.loads(text)
