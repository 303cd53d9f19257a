"""What is to be sent, whoever may send it now, and what became of each: durable, in the database."""
