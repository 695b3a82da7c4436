"""Receives Envybox webhooks: verified, normalized, stored, published.

Here is the ground that all stand on: the event and its types, settings, errors. `receiver`
is the deployed function; `ports` says what a backend does, and `google` and `local` are the
backends; `tools` is for who develops it, and is no part of the deployed function.
"""
