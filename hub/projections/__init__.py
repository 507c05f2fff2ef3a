"""What is kept up to date with the log: folds' results, and the tables that hold them."""
