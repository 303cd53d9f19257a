"""Letters and recipients go in; each reader gets theirs once, and what became of each is written down."""
