"""What integrators read: the contracts of both doors, made from the types, and every refusal.

`vocabulary` says what each operation is, `schemas` what its JSON looks like; `openapi` and
`asyncapi` put them into the documents of those standards, `catalogue` lists what the box says no
to, and `site` are the pages that show all three without a network. Nothing here is written twice:
a word that changes in `drivers.terminal` changes here.
"""

from edge.contracts.site import documents

__all__ = ["documents"]
