"""The back office: what the owner's commands ask of a running box, and no terminal may."""
