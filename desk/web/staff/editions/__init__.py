"""The edition at the desk: its calendar, its board, its items with their preview, and its way to approval."""
