"""Logistic neurons fitted to data by gradient descent."""
