"""A ledger and an engine in; every letter carried once, at its pace, out."""
