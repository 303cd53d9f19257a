"""The public pages: a request goes in, a page comes out, and every change goes through the rooms' own acts."""
