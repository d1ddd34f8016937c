"""How a field becomes a picture in a terminal: one way, one file."""
