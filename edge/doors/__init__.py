"""The doors: how terminals reach the desks. A door knows its wire and nothing of the shop."""
