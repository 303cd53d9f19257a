"""Any export of an old list in, rows that say who wants what out; one module a format, told apart by their headers."""

from subscribers.formats.detect import FORMATS, OldList, open_list

__all__ = ["FORMATS", "OldList", "open_list"]
