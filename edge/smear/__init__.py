"""A rendered blood smear with known truth."""
