"""The built site → the council's own web host: only what changed, new files before the pages that point to them."""
