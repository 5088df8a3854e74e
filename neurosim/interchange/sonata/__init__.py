"""Read and write SONATA files."""
