"""What integrators read: the contracts of both doors, made from the types, and every refusal.

`vocabulary` says what each operation is, `schemas` what its JSON looks like; `openapi` and
`asyncapi` put them into the documents of those standards, `catalogue` lists what the box says no
to, `beside` says what HTTP has besides, and `site` are the pages that show all of it without a
network. Nothing here is written twice: a word that changes in `drivers.terminal` changes here, and
`zh.toml` has its Chinese by what it says, so that nothing old is ever shown for it.
"""

from edge.contracts.site import documents

__all__ = ["documents"]
