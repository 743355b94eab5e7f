"""Runs: settings, folders, results, tables, figures, events, exports."""
