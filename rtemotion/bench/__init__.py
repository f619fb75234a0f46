"""What a machine makes of the project's goals, each measured in a process of its own.

`python -m rtemotion.bench NAME` measures one and prints JSON; `rtemotion bench` runs
them one after the other. Importing this package loads nothing heavy.
"""

from .goals import GOALS, Goal, Verdict, judge
from .measurements import MEASUREMENTS, Measurement, Result

__all__ = ["GOALS", "MEASUREMENTS", "Goal", "Measurement", "Result", "Verdict", "judge"]
