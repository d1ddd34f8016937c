"""What keeps this machine from counting, and what to do about it."""
