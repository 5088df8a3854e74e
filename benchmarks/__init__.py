"""Measurements of speed and accuracy, alone and beside other packages."""
