"""Commands and their handling, the folds, and the ports that infrastructure fills."""
