"""One panel of the live screen, one file."""
