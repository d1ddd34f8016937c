"""The slide as a whole: what was seen already, its area, its totals. Single fields are counted in edge.counting."""
