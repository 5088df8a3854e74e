"""Read and write NWB files."""
