"""The paper: its scenarios, experiments and figures, and the two commands."""
