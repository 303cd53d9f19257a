"""Houses to look at before anything is real: the shipped editions built, a desk in the middle of a week, a live preview."""
