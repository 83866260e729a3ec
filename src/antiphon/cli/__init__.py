"""The command line: words typed by a person become one call below; one file per verb."""
