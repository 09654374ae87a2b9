"""The shop and its shell: what happens in the store, with or without the cloud."""
