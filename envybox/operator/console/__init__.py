"""The console: a page on this machine that shows what comes in, `envybox console`.

It has no logic of its own: what is stored is found by the look-up, told by the stories,
published again by the operator's functions. Here it becomes pages, and is kept to this machine.
"""
