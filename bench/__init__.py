"""Speed, measured as whole processes, against named alternatives in the same run."""
