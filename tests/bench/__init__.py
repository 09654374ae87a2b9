"""`make bench`: durable sales against the disk and the wire, measured side by side."""
