"""The staff desk, the public pages and the command line: the only room that knows all the others."""
