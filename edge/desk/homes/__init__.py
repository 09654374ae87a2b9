"""Where accounts are at home, and what may be spent of them at a counter that is not it."""
