"""Models measured on labelled corpora: fields by their masks and counts, crops by their classes."""
