"""The shop: every file here is pure functions of their arguments."""
