"""A microscope, a network and a disk that fail when they are told to: what `hemocam bench faults` is made of."""
