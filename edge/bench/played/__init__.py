"""The loop on frames that are played to it: what `hemocam bench loop` measures, in a process of its own."""
