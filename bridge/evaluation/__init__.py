"""Measures of predictions, comparisons and figures."""
