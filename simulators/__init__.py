"""The far ends of every wire: scanner, handheld, PC-POS, cloud. Never imported by the daemon."""
