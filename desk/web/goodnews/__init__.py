"""The pages on which schools send stories and see what becomes of them."""
