"""A database's whole schema as sorted lines of text, so that two can be compared."""

from __future__ import annotations

import re

from sqlalchemy import Connection, Engine, text

POSTGRESQL = """
SELECT 'column ' || c.relname || ' ' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || coalesce(' statistics ' || a.attstattarget, '') || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
SQLITE = "SELECT type || ' ' || sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"


def described(engine: Engine) -> list[str]:
    """Every table, column, constraint, index, trigger and function, but Alembic's own table."""
    with engine.connect() as connection:
        return described_on(connection)


def described_on(connection: Connection) -> list[str]:
    lines = connection.execute(text(POSTGRESQL if connection.dialect.name == "postgresql" else SQLITE)).scalars()
    return sorted(_in_one_form(line) for line in lines if "alembic_version" not in line)


def _in_one_form(line: str) -> str:
    """SQLite keeps the words of CREATE TABLE: the order of its constraints and its white space mean nothing."""
    body = re.sub(r"\s+", " ", line)
    return ",".join(sorted(part.strip(" )") for part in body.split(", "))) if body.startswith("table") else body
