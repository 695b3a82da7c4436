"""What a `backend` does, as protocols: keep events (`store`), tell subscribers (`publish`)."""
