"""The shop and its shell: what happens in the store, with or without the cloud."""

VERSION = "0.1.0"
"""The software's version; pyproject.toml says the same."""
