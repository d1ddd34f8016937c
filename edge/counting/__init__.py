"""From probability maps to counted cells."""
