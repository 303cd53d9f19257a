"""The whole house in one file, made while it works; and the way back, which sends nothing to anybody by itself."""
