"""Opens the database (SQLite or PostgreSQL) and brings its schema up to date."""
