"""A variant → its letter: MJML compiled once, then subject, HTML and text; and the letters that are not editions."""
