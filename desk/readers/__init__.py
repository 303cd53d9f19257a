"""The register of subscribers as the desk uses it: old lists merged, numbers, and what is a person's by right."""
