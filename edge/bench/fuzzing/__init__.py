"""Damaged and hostile input for everything that HemoCam reads: what it cannot use it must refuse with one clear error."""
