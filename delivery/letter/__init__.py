"""A letter and a reader in, signed bytes for the wire out."""
