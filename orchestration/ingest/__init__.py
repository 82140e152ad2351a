"""Files in, checked and pseudonymised raw rows out."""
