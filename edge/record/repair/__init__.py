"""Checking, mending and backing up a record. Nothing here runs while a session is recorded."""
