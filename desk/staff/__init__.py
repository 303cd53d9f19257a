"""Who may work at the desk: staff with their roles in, sign-in links, sessions and the record of what was done out."""
