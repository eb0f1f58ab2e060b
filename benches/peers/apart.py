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
    return apart_at_once(function, [arguments])[0]


def apart_at_once(function, calls):
    """What it gives back for each of several lists of arguments, each in a process of its own."""
    children = []
    try:
        for arguments in calls:
            children.append(begin(function, arguments))
        texts = [answer.read() for _, answer in children]
    except BaseException:
        # Or they would hold what is to be cleaned up.
        for child, _ in children:
            os.kill(child, signal.SIGKILL)
        raise
    finally:
        statuses = [end(*child) for child in children]
    if any(statuses):
        raise Failure(f"{function.__name__} failed; see above")
    return [json.loads(text) for text in texts]


def begin(function, arguments):
    """A process that calls the function, and where its answer is to be read."""
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
    return child, os.fdopen(reading)


def end(child, answer):
    """How it ended."""
    answer.close()
    return os.waitpid(child, 0)[1]
