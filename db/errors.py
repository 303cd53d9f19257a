"""What can be wrong with a database, said so that a person knows what to do."""


class DatabaseError(Exception):
    """The database cannot be used as it is; the message says what to do."""


class DatabaseTooNew(DatabaseError):  # noqa: N818 - says more than TooNewError would
    """A newer program has migrated this database; this one must not touch it."""


class DatabaseBehind(DatabaseError):  # noqa: N818
    """The schema is older than the program; migrate first."""
