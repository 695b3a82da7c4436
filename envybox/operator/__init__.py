"""The operator's commands, `envybox`: what came in, what is stuck, sending it on again.

Installed by `pip install envybox[tools]`. It runs on the operator's machine, with the
operator's own rights; the deployed function has no part of it.
"""
