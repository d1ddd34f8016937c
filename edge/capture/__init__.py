"""A camera that is read on threads of its own, and frames that are taken from it."""
