"""The desk in the browser: signed-in staff of one request in, pages out. How to add pages: docs/desk.md."""
