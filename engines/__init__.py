"""Inference at run time: what a model is (manifest), how pixels enter and leave it, and the runtimes that execute it."""
