"""One reader a corpus, all giving the same `Sample`."""
