"""What every stage stands on: texts and places in them, errors, files, the cache."""
