"""One program, run and measured until the drive has what it wrote."""

import os
import resource
import signal
import subprocess
import time

from apart import Failure

SAID_BYTES = 2000


def drop_caches():
    """Makes the next reads come from the drive, as after a start of the computer."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as caches:
        caches.write("3\n")


def least_peak_bytes():
    """The least peak memory that can be told: the harness's own, which those that it starts inherit."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(command, drive, log):
    """Seconds, CPU seconds with all children, the largest process's peak memory, and bytes written to the drive."""
    # What the one before, or a change of the source, has left to be written is not this one's.
    os.sync()
    drive.settle()
    written = drive.written_bytes()
    begun = time.monotonic()
    usage = run(command, log)
    drive.sync()
    seconds = time.monotonic() - begun
    drive.settle()
    return {
        "seconds": round(seconds, 4),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 4),
        "peak_bytes": usage.ru_maxrss * 1024,
        "least_peak_bytes": least_peak_bytes(),
        "written_bytes": drive.written_bytes() - written,
    }


def run(command, log):
    """The resources that a command took; it must succeed."""
    with open(log, "wb") as said:
        process = subprocess.Popen(
            command.words,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = open(log, "rb").read()[-SAID_BYTES:].decode(errors="replace").strip()
        raise Failure(f"{' '.join(map(str, command.words))} ended with {process.returncode}:\n{tail}")
    return usage
