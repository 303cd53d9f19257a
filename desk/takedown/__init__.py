"""Something published is taken back: out of content, site, caches, letters and targets, and then everything is searched for it."""

from desk.takedown.act import TakenDown, take_down
from desk.takedown.planning import NothingThere, Removal, plan_removal

__all__ = ["NothingThere", "Removal", "TakenDown", "plan_removal", "take_down"]
