"""The scenarios of the paper: all that is known of one model, in one folder."""
