"""The recording thread and what it writes, at the pace of the disk. Reports read it; they live in edge.reports."""
