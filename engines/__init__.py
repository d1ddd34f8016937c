"""Inference at run time: what a model is (manifest), how pixels enter and leave it, and the runtimes that execute it."""

from engines.telemetry import switch_off

switch_off()  # the one import that does something: a library reads it when it is loaded, and none may be loaded before
