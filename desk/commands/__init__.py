"""The commands, a few lines each: read the words, call one act, say what came of it. Heavy imports stay inside."""
