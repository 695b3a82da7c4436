"""The subscribers' side: the typed event, once per key, a call's whole story.

It needs msgspec alone: what a subscriber holds is looked at by its shape, and clients of
Google's are passed in. Its public names are those of `envybox` itself.
"""
