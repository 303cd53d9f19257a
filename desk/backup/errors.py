"""What can be wrong with a backup."""


class BackupError(Exception):
    """The backup cannot be made or used. The message says why and what to do."""
