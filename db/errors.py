"""What can be wrong with a database, said so that a person knows what to do."""


class DatabaseError(Exception):
    """The database cannot be used as it is; the message says what to do."""


class DatabaseTooNew(DatabaseError):
    """A newer program has migrated this database; this one must not touch it."""


class DatabaseBehind(DatabaseError):
    """The schema is older than the program; migrate first."""
