"""Both databases, for the tests of how they are opened and migrated."""

from tests.databases import database, database_url, empty_database, postgresql_server

__all__ = ["database", "database_url", "empty_database", "postgresql_server"]
