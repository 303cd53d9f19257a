"""The schema's history, one file a step; what a step does never changes once it is released."""
