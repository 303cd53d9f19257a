"""Search without a server: an index in small files that the browser fetches as it needs them."""
