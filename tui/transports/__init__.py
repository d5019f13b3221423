"""How bytes arrive and leave. Transports know no venue."""
