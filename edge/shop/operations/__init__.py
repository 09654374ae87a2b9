"""What can be done in a shop, each deed one pure step.

An operation takes what was asked, the terms in force and what is held; it returns the fact that
would make it true, or `Declined`. Nothing has happened until that fact is durable.
"""
