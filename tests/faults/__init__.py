"""Machinery that breaks a running box on purpose, and a record that knows what must survive."""
