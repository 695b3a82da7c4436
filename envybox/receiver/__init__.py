"""The deployed function: a webhook in, an event stored and published, an answer out.

The way of a webhook through the rooms: `app` → `request` (body to fields) → `keys` → `flow` →
`normalize` and `admission` (into the store) → `outlet` (to the topics, and what is written down
of it) → `answers`. `recovery` finishes what was left, along its `course`.
"""
