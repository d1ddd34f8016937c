"""What kind of cell each is."""
