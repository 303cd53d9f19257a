"""Stories from schools: forms, mail and feeds in, item texts that a person has accepted out."""
