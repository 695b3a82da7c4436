"""Keys: which are accepted (`entries`, `ring`), and where they may not go (`redact`, `pairing`)."""

from envybox.receiver.keys.entries import parse
from envybox.receiver.keys.pairing import pairing_key
from envybox.receiver.keys.ring import KeyRing, Verified

__all__ = ["KeyRing", "Verified", "pairing_key", "parse"]
