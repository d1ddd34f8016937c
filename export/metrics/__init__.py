"""The papers' metrics. What has no value (a ratio of nothing to nothing) is nan, never 0: means leave it out, tables show –."""
