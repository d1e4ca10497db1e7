"""The scripts, a file a topic (or a few that belong together). Each file has `scripts()`, which gives its `Script`s; found by scanning."""
