"""What comes next: the calendar's editions, the week at a glance, and the same for a calendar programme."""
