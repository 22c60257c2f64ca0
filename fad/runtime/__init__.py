"""Programs that run: libfaust in a process of its own, native code, sound files, recordings."""
