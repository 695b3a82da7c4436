"""Stand-ins: small servers that behave as the services' documents say, the odd things above all.

For the examples' tests and for `make demo`. None of them is complete: each does what the
example asks of it, and what goes wrong with that.
"""
