"""A report as one page for a browser: self-contained, and usable with many tests."""
