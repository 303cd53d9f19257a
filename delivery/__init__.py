"""Posts letters, each once: frozen letters and recipients in, one true outcome a recipient out."""
