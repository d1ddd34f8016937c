"""`hemocam bench`: every figure of README, on this machine."""
