"""The embedded market in the native protocol, on all of its transports."""
