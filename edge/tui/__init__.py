"""The live screen. It sees events and messages, never a camera or an engine."""
