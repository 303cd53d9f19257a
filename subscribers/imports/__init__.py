"""Files of old lists in; a plan to look at, then exactly that plan in the database; and the way back.

    with read(engine, paths, source="together", bulletin="weekly", …) as staged:
        plan = make_plan(staged)           # nothing has changed yet
        rows = listed(staged, "held")      # who, if asked
        apply(staged, plan, proof)         # all of it, or nothing

A million rows pass through temporary tables of the same connection, so memory stays small and no lock is held while a person
looks at the plan.
"""

from subscribers.imports.applying import apply
from subscribers.imports.planning import ListedRow, ListHasChanged, Plan, listed, make_plan, unreadable
from subscribers.imports.staging import Staged, read
from subscribers.imports.undoing import Undone, undo

__all__ = [
    "ListHasChanged",
    "ListedRow",
    "Plan",
    "Staged",
    "Undone",
    "apply",
    "listed",
    "make_plan",
    "read",
    "undo",
    "unreadable",
]
