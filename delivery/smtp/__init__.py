"""Letters in, by one mail server's leave; an outcome for each out."""
