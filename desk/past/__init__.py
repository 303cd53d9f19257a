"""Editions of former years, as pages, mails, feeds or plain text, → content files; what could not be placed is listed."""
