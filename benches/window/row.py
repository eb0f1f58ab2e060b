"""One line of the table that is printed."""

import statistics
import sys

# So many of the longest waits are told of.
NAMED = 5


class Row:
    """What was measured, against a goal: that all values, or the middle one, are less."""

    def __init__(self, figure, goal, unit, values, by_worst=False):
        middle, worst = statistics.median(values), max(values)
        met = (worst if by_worst else middle) < goal
        self.cells = [
            figure, f"{'all' if by_worst else 'middle'} < {goal:.4g} {unit}",
            f"{middle:.1f} {unit}", f"{worst:.1f} {unit}", f"{len(values):,}", "met" if met else "**missed**",
        ]

    def __str__(self):
        return f"| {' | '.join(self.cells)} |"


def stalls(figure, answers):
    """The rows of how long the main loop let others wait, and of the work that it did meanwhile: that is less where others
    need the processor, too. More of the longest waits goes to standard error."""
    longest = sorted(answers, key=lambda answer: -answer.took)[:NAMED]
    for answer in longest:
        print(
            f"  {answer.took:.0f} ms after {answer.at:.1f} s: the main thread ran {answer.ran:.0f} ms"
            f" and waited {answer.waited:.0f} ms for a processor",
            file=sys.stderr,
        )
    yield Row(figure, 100, "ms", [answer.took for answer in answers], by_worst=True)
    yield Row(f"{figure}: its own work", 100, "ms", [answer.ran for answer in answers], by_worst=True)
