"""The experiment `math`: the loop that generalises, and the baselines beside it."""
