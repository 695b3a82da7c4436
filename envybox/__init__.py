"""Receives Envybox webhooks: verified, normalized, stored, published.

The way of a webhook through the modules: `app` (HTTP) → `request` (body to fields) →
`keys` → `normalize` → `event` → `flow` (→ `store`, `publish`), and `recovery` for what
was left. `google` and `local` are the backends; `tools` is for operators and developers
and is no part of the deployed function.
"""
