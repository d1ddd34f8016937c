"""What the loop's sentence is made of, a station a word."""
