"""Makes the edition: content files and templates in, letters and web pages out. Knows nobody who reads them."""
