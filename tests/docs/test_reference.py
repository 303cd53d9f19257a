"""The reference pages say what the code does."""

from __future__ import annotations

from docs import reference


def test_the_reference_pages_are_not_stale() -> None:
    assert reference.stale() == []


def test_every_header_and_every_code_is_told() -> None:
    headers, findings = reference.headers_page(), reference.findings_page()
    assert all(f"`{name}`" in headers for name in ("photo-consent", "excerpt-of", "checked", "preheader"))
    assert all(f"`{code}`" in findings for code in reference.CHECKS)
