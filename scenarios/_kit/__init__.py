"""Parts that scenarios share."""
