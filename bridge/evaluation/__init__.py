"""Measures of predictions, comparisons and their figures."""
