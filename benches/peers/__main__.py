"""Measures Yore against other backup programs: see `python3 benches/peers --help`."""

import signal
import sys

from apart import Failure
from machine import machine, source_version
from options import PEERS, parse
from plans import plan_all
from records import Records, read_runs
from report import write_report
from session import Session, Setting
from source import Source
from workplace import Workplace, mount_unseen


def main():
    arguments = parse()
    code = 0
    if not arguments.report:
        code, is_measured = measure_all(arguments)
        if not is_measured or arguments.flames:
            return code
    write_report(read_runs(arguments.figures), arguments.results)
    print(f"bench: {arguments.results / 'RESULTS.md'} is written")
    return code


def measure_all(arguments):
    """Plans, measures, and cleans up, however it ends. How it ended, and whether there is something to report."""
    peers = [PEERS[name] for name in arguments.peers]
    for peer in peers:
        if not peer.is_here():
            print(f"bench: {peer.name} is left out: it is not here", file=sys.stderr)
    peers = [peer for peer in peers if peer.is_here()]
    if not peers:
        return 1, False
    place = Workplace(arguments.disk)
    plans = plan_all(arguments, peers, place)
    if arguments.plan or not plans:
        return 0 if plans else 1, False
    for name in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(name, interrupt)
    mount_unseen()
    shown = {peer.name: {"version": peer.version(), "command": peer.shown} for peer in peers}
    records = Records(arguments.figures, {"machine": machine(), "source": source_version(), "peers": shown})
    try:
        for plan in plans:
            measure_plan(plan, place, records)
    except KeyboardInterrupt:
        print("bench: stopped; the figures so far are kept", file=sys.stderr)
        return 130, False
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1, False
    finally:
        place.close()
    return 1 if records.has_failures else 0, True


def interrupt(number, frame):
    """Ends as Ctrl+C does, so that everything is cleaned up."""
    raise KeyboardInterrupt


def measure_plan(plan, place, records):
    """All rounds on one tree: round by round, so that slow drifts of the machine meet everyone."""
    print(f"bench: making {plan.tree.label}", file=sys.stderr)
    source = Source(place, plan.tree, plan.way.source)
    for setting in plan.settings(source):
        for number, group in enumerate(plan.groups):
            measure_group(place, setting, number, group, records)
    source.close()


def measure_group(place, setting, number, group, records):
    """One group's round."""

    def note(record):
        records.note({**record, "group": number})
        if "seconds" in record:
            print(
                f"bench: {record['tree']} {record['drive']} {record['medium']} {record['temperature']}"
                f" {record['round'] + 1}: {record['scene']:20} {record['peer']:10} {record['seconds']:9.3f} s",
                file=sys.stderr,
            )

    for peers in [[peer] for peer in setting.turns(group)] if setting.way.alone else [group]:
        session = Session(place, setting, peers, note)
        try:
            session.run()
        finally:
            session.close()


if __name__ == "__main__":
    sys.exit(main())
