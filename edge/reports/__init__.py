"""What is read from the record: HTML and CSV."""
