"""Pure functions from a run result to text: they decide nothing, print nothing, open nothing."""
