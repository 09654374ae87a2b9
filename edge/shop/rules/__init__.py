"""The rules that make a price: conditions, targets and effects, each kind in its own file."""
