"""The record: sessions, slides, fields and cells in SQLite, pictures beside it."""
