"""The camera thread: it opens a camera, drains it, and opens it anew when it is gone."""
