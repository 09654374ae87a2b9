"""Plays boxes against a membership cloud, and judges what it answers.

`far_box` is one box with its key and its chain of pages; `asking`, `facts`, `telling`, `grants`,
`accounts` and `stores` are the promises of a cloud, one function each, on a `stage`; `playing`
plays all `cases`; `command` is `edgebox conform cloud`.
"""
