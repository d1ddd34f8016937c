"""The record on the disk: sessions, slides, fields and cells in SQLite, pictures beside it."""
