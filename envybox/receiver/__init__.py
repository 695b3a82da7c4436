"""The deployed function: a webhook in, an event stored and published, an answer out.

The way of a webhook through the rooms: `app` (HTTP) → `request` (body to fields) → `keys` →
`normalize` → `flow` (→ `ports`), and `recovery` for what was left.
"""
