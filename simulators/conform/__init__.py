"""Conformance kits: they play our side of a wire against somebody else's, and judge what comes.

`terminal` plays the box against a till or a handheld. A kit shares nothing with the daemon but
the vocabulary, so that it can be wrong only in its own way.
"""
