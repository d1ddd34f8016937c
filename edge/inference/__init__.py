"""A network that computes on a thread of its own, and is replaced when it fails."""
