"""Who works at which terminal, and what they and it may do."""
