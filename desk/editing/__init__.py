"""Files of content in, form fields out, and back: what a person did not change keeps every byte."""
