"""A record that is written on a thread of its own, at the pace of the disk."""
