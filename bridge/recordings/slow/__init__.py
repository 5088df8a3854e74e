"""Slow changes of firing rates: baselines, and drives shared by neurons."""
