"""The box's side of both doors, for terminals: misbehaving as networks and boxes do.

`far_box` has the doors, `brain` a box as it should be, `moves` what may happen to an answer;
`under_test` talks to the terminal, `cases` says what is played and `judging` what was promised.
`command` is `edgebox conform terminal`.
"""
