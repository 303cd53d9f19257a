"""Who gets which bulletin, and the proof that they asked for it: requests and old lists in, choices and consent events out."""
