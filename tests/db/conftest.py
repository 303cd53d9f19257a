"""Both databases, for the tests of how they are opened and migrated."""

from tests.databases import database, database_url, empty_database

__all__ = ["database", "database_url", "empty_database"]
