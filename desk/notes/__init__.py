"""Letters to one reader about one act, from confirm to goodbye: in whose words, kept with the act, carried once."""
