"""Functions behind the receiver's topics, each complete: to copy, to set, to deploy."""
